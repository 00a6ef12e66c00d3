/** The typed client. Every request carries the access token; a 401 is answered by one refresh and one repeat. */
import createClient, { type Middleware } from "openapi-fetch";

import { readFailure, unreachable } from "./failure";
import type { paths } from "./schema";
import { accessToken, refreshToken, signOutHere } from "./signedIn";

const signing: Middleware = {
  onRequest({ request }) {
    const token = accessToken();
    if (token !== null) request.headers.set("Authorization", `Bearer ${token}`);
    return request;
  },
};

export const client = createClient<paths>({ baseUrl: location.origin, fetch: fetchSignedIn });
client.use(signing);

async function fetchSignedIn(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await reach(request);
  if (response.status !== 401) return response;
  if (!(await refreshToken())) return response;
  again.headers.set("Authorization", `Bearer ${accessToken() ?? ""}`);
  const second = await reach(again);
  if (second.status === 401) signOutHere(second.headers.get("X-Request-Id"));
  return second;
}

function reach(request: Request): Promise<Response> {
  return fetch(request).catch((reason: unknown) => {
    if (reason instanceof DOMException && reason.name === "AbortError") throw reason;
    throw unreachable();
  });
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; raises ApiFailure for any other. */
export async function need<T>(asked: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await asked;
  if (!response.ok || data === undefined || data === null) {
    throw readFailure(response.status, response.headers, error);
  }
  return data;
}

/** For answers without a body (204). Raises ApiFailure. */
export async function done(asked: Promise<Answer<unknown>>): Promise<void> {
  const { error, response } = await asked;
  if (!response.ok) throw readFailure(response.status, response.headers, error);
}
