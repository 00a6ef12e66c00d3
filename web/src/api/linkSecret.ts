/**
 * The secret of a link (`/claim#…`, `/invite#…`, `/reset#…`). Loading this module, which main.tsx does before anything
 * else, takes it out of the address bar and the history.
 */
const PAGES = ["/claim", "/invite", "/reset"];
const atLink = (): boolean => PAGES.includes(location.pathname);

let secret = "";

if (atLink()) {
  secret = decode(location.hash.slice(1));
  history.replaceState(history.state, "", location.pathname);
}
// Another link opened in the same tab changes the fragment only.
addEventListener("hashchange", () => {
  if (atLink() && location.hash.length > 1) location.reload();
});

/** Empty where the page was opened without one. */
export const linkSecret = (): string => secret;

/** For a link that still works because the server could not be asked: loads the page again with its secret. */
export function openAgain(): void {
  history.replaceState(history.state, "", `${location.pathname}#${encodeURIComponent(secret)}`);
  location.reload();
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
