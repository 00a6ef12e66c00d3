/**
 * Who is signed in. The access token lives in this module's memory only; the refresh token is an HttpOnly cookie
 * that scripts never see. One refresh runs at a time, also across tabs, because each one replaces the cookie.
 */
import { ApiFailure, readFailure, unreachable } from "./failure";
import type { SignedIn } from "./types";

type Tenant = SignedIn["tenant"];

/** `unknown` until the first refresh has answered; `was` is the tenant of a sign-in that ran out while the page was open. */
export type Standing =
  | { is: "unknown" }
  | { is: "out"; was: Tenant | null; requestId: string | null }
  | { is: "in"; tenant: Tenant; role: string };

const REFRESH_BEFORE_EXPIRY_S = 60;
const RETRY_AFTER_FAILURE_S = 10;

let standing: Standing = { is: "unknown" };
let token: string | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let running: Promise<boolean> | null = null;
const listeners = new Set<() => void>();

export const accessToken = (): string | null => token;
export const currentStanding = (): Standing => standing;

export function onStanding(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Posts what proves who this is to a route that answers with tokens. Raises ApiFailure. */
export async function signInBy(path: string, proof: object): Promise<void> {
  accept((await askAsVisitor(path, proof)) as SignedIn);
}

/** Ends the sign-in of this browser, here and on the server. Raises ApiFailure when the server cannot be asked. */
export async function signOut(): Promise<void> {
  await askAsVisitor("/v1/auth/logout");
  forget({ is: "out", was: null, requestId: null });
}

/** True when the browser is signed in afterwards. Raises ApiFailure when the server cannot be asked. */
export function refreshToken(): Promise<boolean> {
  running ??= alone(askForToken).finally(() => (running = null));
  return running;
}

/** Forgets the token: what follows a 401 that a refresh did not cure. */
export function signOutHere(requestId: string | null): void {
  const was = standing.is === "in" ? standing.tenant : standing.is === "out" ? standing.was : null;
  forget({ is: "out", was, requestId });
}

async function askForToken(): Promise<boolean> {
  try {
    accept((await askAsVisitor("/v1/auth/refresh")) as SignedIn);
    return true;
  } catch (failure) {
    if (!(failure instanceof ApiFailure)) throw failure;
    if (failure.status >= 400 && failure.status < 500 && failure.status !== 429) {
      signOutHere(failure.requestId);
      return false;
    }
    if (token !== null) refreshIn(RETRY_AFTER_FAILURE_S);
    throw failure;
  }
}

function accept(answer: SignedIn): void {
  token = answer.access_token;
  refreshIn(Math.max(5, answer.expires_in - REFRESH_BEFORE_EXPIRY_S));
  change({ is: "in", tenant: answer.tenant, role: answer.role });
}

function forget(next: Standing): void {
  token = null;
  clearTimeout(timer);
  change(next);
}

function refreshIn(delayS: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void refreshToken().catch(() => undefined), delayS * 1000);
}

function change(next: Standing): void {
  standing = next;
  for (const listener of listeners) listener();
}

/** A post without an access token, whose 401 is an answer like others; null for an empty one. Raises ApiFailure. */
export async function askAsVisitor(path: string, body?: object): Promise<unknown> {
  const request: RequestInit = { method: "POST", credentials: "same-origin" };
  if (body) {
    request.headers = { "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  const response = await fetch(path, request).catch(() => {
    throw unreachable();
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw readFailure(response.status, response.headers, answer);
  return answer;
}

/** Web Locks need a secure context; without them two tabs may rarely refresh at once, and one signs in again. */
function alone(task: () => Promise<boolean>): Promise<boolean> {
  const locks = (navigator as { locks?: LockManager }).locks;
  return locks ? locks.request("callmissed-refresh", task) : task();
}
