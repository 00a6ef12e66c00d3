/** The ways in, for visitors who are not signed in yet. All raise ApiFailure. */
import { client, need } from "./client";
import { askAsVisitor, signInBy } from "./signedIn";
import type { ReadInvite, SignInOptions } from "./types";

export const getOptions = (): Promise<SignInOptions> => need(client.GET("/v1/auth/options"));

/** Trades the one-time secret of an owner link for a signed-in browser. */
export const claimOwnerLink = (secret: string): Promise<void> => signInBy("/v1/auth/claim", { link_secret: secret });

export const signIn = (email: string, password: string): Promise<void> =>
  signInBy("/v1/auth/login", { email, password });

export const signUp = (email: string, password: string, tenantName: string): Promise<void> =>
  signInBy("/v1/auth/sign-up", { email, password, tenant_name: tenantName });

export const acceptInvite = (secret: string, password: string): Promise<void> =>
  signInBy("/v1/auth/accept-invite", { secret, password });

export const readInvite = async (secret: string): Promise<ReadInvite> =>
  (await askAsVisitor("/v1/auth/read-invite", { secret })) as ReadInvite;

export const askForReset = (email: string): Promise<unknown> => askAsVisitor("/v1/auth/password-reset", { email });

export const confirmReset = (secret: string, password: string): Promise<unknown> =>
  askAsVisitor("/v1/auth/password-reset/confirm", { secret, password });
