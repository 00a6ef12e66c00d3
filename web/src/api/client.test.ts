import { beforeEach, expect, test, vi } from "vitest";

import { client, need } from "./client";
import { ApiFailure } from "./failure";
import { accessToken, currentStanding, refreshToken, signInBy, signOut } from "./signedIn";

const tenant = { id: "t", name: "First" };
const signedIn = (access_token: string) => Response.json({ access_token, expires_in: 900, tenant, role: "owner" });
const refused = (status: number) =>
  Response.json({ error: { code: "token_expired", message: "m", hint: "h", request_id: "req_1" } }, { status });

/** The server on the other side of fetch: its answers in order, and what it was asked. */
function server(...answers: (Response | Error)[]) {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (input: Request | string) => {
    const request = new Request(new URL(input instanceof Request ? input.url : input, location.href), {
      headers: input instanceof Request ? input.headers : {},
    });
    asked.push(`${new URL(request.url).pathname} ${request.headers.get("Authorization") ?? "-"}`);
    const answer = answers.shift();
    if (answer instanceof Response) return Promise.resolve(answer);
    return Promise.reject(answer ?? new Error("nobody asked for this"));
  });
  return asked;
}

beforeEach(async () => {
  server(signedIn("first"));
  await signInBy("/v1/auth/claim", { link_secret: "secret" });
});

test("requests carry the access token", async () => {
  const asked = server(Response.json([]));
  await need(client.GET("/v1/bots"));
  expect(asked).toEqual(["/v1/bots Bearer first"]);
});

test("a refused token is refreshed once and the request repeated", async () => {
  const asked = server(refused(401), signedIn("second"), Response.json([]));
  await need(client.GET("/v1/bots"));
  expect(asked).toEqual(["/v1/bots Bearer first", "/v1/auth/refresh -", "/v1/bots Bearer second"]);
});

test("a refresh that is refused signs out and remembers the tenant", async () => {
  server(refused(401), refused(401));
  await expect(need(client.GET("/v1/bots"))).rejects.toMatchObject({ status: 401, requestId: "req_1" });
  expect(accessToken()).toBeNull();
  expect(currentStanding()).toEqual({ is: "out", was: tenant, requestId: "req_1" });
});

test("requests that are refused together share one refresh", async () => {
  const asked = server(signedIn("second"));
  await Promise.all([refreshToken(), refreshToken()]);
  expect(asked).toEqual(["/v1/auth/refresh -"]);
});

test("a server that is gone is not a sign-out", async () => {
  server(new TypeError("Failed to fetch"));
  await expect(refreshToken()).rejects.toBeInstanceOf(ApiFailure);
  expect(currentStanding().is).toBe("in");
});

test("a wrong password is an answer, not a sign-in that ran out", async () => {
  const asked = server(refused(401));
  await expect(signInBy("/v1/auth/login", {})).rejects.toMatchObject({ status: 401 });
  expect(asked).toEqual(["/v1/auth/login -"]);
  expect(currentStanding().is).toBe("in");
});

test("signing out forgets the token and the tenant", async () => {
  server(new Response(null, { status: 204 }));
  await signOut();
  expect(accessToken()).toBeNull();
  expect(currentStanding()).toEqual({ is: "out", was: null, requestId: null });
});
