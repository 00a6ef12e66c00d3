/** What the API refused, as an error that a screen can show: what, what to do, and the request id. */

export interface FailureParts {
  status: number;
  code: string;
  message: string;
  hint: string;
  requestId: string | null;
  retryAfterS: number | null;
}

/** `code` is the API's own (`at_capacity`, …), or `unreachable` where no answer came at all (status 0). */
export class ApiFailure extends Error implements FailureParts {
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  readonly requestId: string | null;
  readonly retryAfterS: number | null;

  constructor(parts: FailureParts) {
    super(parts.message);
    this.name = "ApiFailure";
    this.status = parts.status;
    this.code = parts.code;
    this.hint = parts.hint;
    this.requestId = parts.requestId;
    this.retryAfterS = parts.retryAfterS;
  }
}

export const unreachable = (): ApiFailure =>
  new ApiFailure({
    status: 0,
    code: "unreachable",
    message: "The server did not answer.",
    hint: "Check that it is running and that you are online.",
    requestId: null,
    retryAfterS: null,
  });

/** Reads the API's error object; a body of another shape (a proxy's page) still gives a status and a request id. */
export function readFailure(status: number, headers: Headers, body: unknown): ApiFailure {
  const said = errorObject(body);
  const retryAfter = Number(headers.get("Retry-After") ?? "");
  return new ApiFailure({
    status,
    code: text(said.code) ?? `http_${status}`,
    message: text(said.message) ?? `The server answered ${status}.`,
    hint: text(said.hint) ?? "",
    requestId: text(said.request_id) ?? headers.get("X-Request-Id"),
    retryAfterS: retryAfter > 0 ? retryAfter : null,
  });
}

function errorObject(body: unknown): Record<string, unknown> {
  if (typeof body !== "object" || body === null || !("error" in body)) return {};
  const said = body.error;
  return typeof said === "object" && said !== null ? (said as Record<string, unknown>) : {};
}

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
