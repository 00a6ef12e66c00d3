import { expect, test } from "vitest";

import { ApiFailure, readFailure, unreachable } from "../api/failure";
import { endFailure, microphoneFailure, requestFailure } from "./failures";

const refusal = (status: number, code: string) =>
  new ApiFailure({ status, code, message: "m", hint: "h", requestId: "req_1", retryAfterS: 3 });

test.each([
  ["NotAllowedError", "permission_refused"],
  ["NotFoundError", "no_microphone"],
  ["OverconstrainedError", "no_microphone"],
  ["NotReadableError", "microphone_busy"],
])("%s of getUserMedia means %s", (name, kind) => {
  expect(microphoneFailure(new DOMException("x", name)).kind).toBe(kind);
});

test.each([
  [503, "at_capacity", "at_capacity"],
  [429, "rate_limited", "too_many"],
  [401, "token_expired", "signed_out"],
  [422, "model_not_available", "refused"],
  [502, "http_502", "server_unreachable"],
])("an answer %i %s means %s", (status, code, kind) => {
  expect(requestFailure(refusal(status, code))).toMatchObject({ kind, requestId: "req_1", retryAfterS: 3 });
});

test("no answer at all means that the server is gone", () => {
  expect(requestFailure(unreachable()).kind).toBe("server_unreachable");
});

test("the ordinary ends are no failures", () => {
  expect(endFailure("user_left")).toBeNull();
  expect(endFailure("agent_ended")).toBeNull();
  expect(endFailure(null)).toBeNull();
  expect(endFailure("max_duration")?.kind).toBe("ended_max_duration");
  expect(endFailure("api_delete")?.kind).toBe("ended_api_delete");
});

test("the API's error object is read whole", () => {
  const body = { error: { code: "at_capacity", message: "Busy.", hint: "Wait.", request_id: "req_2" } };
  expect(readFailure(503, new Headers({ "Retry-After": "5" }), body)).toMatchObject({
    status: 503,
    code: "at_capacity",
    message: "Busy.",
    hint: "Wait.",
    requestId: "req_2",
    retryAfterS: 5,
  });
});

test("a body of another shape still names status and request id", () => {
  expect(readFailure(500, new Headers({ "X-Request-Id": "req_3" }), "<html>")).toMatchObject({
    code: "http_500",
    requestId: "req_3",
    retryAfterS: null,
  });
});
