/** Every address of the web app. A page's code is loaded when it is first opened. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { ClaimPage } from "./pages/entry/ClaimPage";
import { BrokenPage, MissingPage } from "./pages/entry/NoticePages";
import { SignedInOnly } from "./pages/entry/SignedInOnly";

const root = createRootRoute({ notFoundComponent: MissingPage, errorComponent: BrokenPage });

const claim = createRoute({ getParentRoute: () => root, path: "/claim", component: ClaimPage });

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

export const router = createRouter({
  routeTree: root.addChildren([home, claim, signedIn.addChildren([playground])]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
