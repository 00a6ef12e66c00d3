/** Pages that a sign-in goes on to; an address that came with a link is never followed. */
const KNOWN = ["/playground", "/settings/providers"] as const;

export type KnownPage = (typeof KNOWN)[number];

export const knownPage = (path: unknown): KnownPage | undefined => KNOWN.find((known) => known === path);
