/** Every address of the web app. A page's code is loaded when it is first opened. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { BrokenPage, MissingPage } from "./pages/entry/NoticePages";
import { knownPage, type KnownPage } from "./pages/entry/next";
import { SignedInOnly } from "./pages/entry/SignedInOnly";

const root = createRootRoute({ notFoundComponent: MissingPage, errorComponent: BrokenPage });

const claim = createRoute({
  getParentRoute: () => root,
  path: "/claim",
  component: lazyRouteComponent(() => import("./pages/entry/ClaimPage"), "ClaimPage"),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search): { next?: KnownPage | undefined } => ({ next: knownPage(search.next) }),
  component: lazyRouteComponent(() => import("./pages/entry/SignInPage"), "SignInPage"),
});

const signUp = createRoute({
  getParentRoute: () => root,
  path: "/sign-up",
  component: lazyRouteComponent(() => import("./pages/entry/SignUpPage"), "SignUpPage"),
});

const forgot = createRoute({
  getParentRoute: () => root,
  path: "/forgot",
  component: lazyRouteComponent(() => import("./pages/entry/ForgotPage"), "ForgotPage"),
});

const reset = createRoute({
  getParentRoute: () => root,
  path: "/reset",
  component: lazyRouteComponent(() => import("./pages/entry/ResetPage"), "ResetPage"),
});

const invite = createRoute({
  getParentRoute: () => root,
  path: "/invite",
  component: lazyRouteComponent(() => import("./pages/entry/InvitePage"), "InvitePage"),
});

const signedIn = createRoute({ getParentRoute: () => root, id: "signed-in", component: SignedInOnly });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => redirect({ to: "/playground", replace: true, throw: true }),
});

const playground = createRoute({
  getParentRoute: () => signedIn,
  path: "/playground",
  component: lazyRouteComponent(() => import("./pages/playground/PlaygroundPage"), "PlaygroundPage"),
});

const providers = createRoute({
  getParentRoute: () => signedIn,
  path: "/settings/providers",
  component: lazyRouteComponent(() => import("./pages/settings/ProvidersPage"), "ProvidersPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([home, claim, signIn, signUp, forgot, reset, invite, signedIn.addChildren([playground, providers])]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
