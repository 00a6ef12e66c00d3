import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

import { type KnownPage, knownPage } from "./next";

/** Goes on to another page, once, in the place of this one. */
export function Forward({ to }: { to: KnownPage }) {
  const navigate = useNavigate();
  useEffect(() => void navigate({ to, replace: true }), [navigate, to]);
  return null;
}

/** Goes to the sign-in, which comes back to the page that is shown now. */
export function ToSignIn() {
  const navigate = useNavigate();
  useEffect(
    () => void navigate({ to: "/sign-in", search: { next: knownPage(location.pathname) }, replace: true }),
    [navigate],
  );
  return null;
}
