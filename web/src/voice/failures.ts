/** Everything that can stop or spoil a call, and how each is recognised. */
import { ApiFailure } from "../api/failure";

export type FailureKind =
  | "insecure_context"
  | "no_microphone"
  | "permission_refused"
  | "microphone_busy"
  | "microphone_lost"
  | "server_unreachable"
  | "at_capacity"
  | "too_many"
  | "signed_out"
  | "refused"
  | "room_unreachable"
  | "room_lost"
  | "agent_missing"
  | "ended_max_duration"
  | "ended_never_joined"
  | "ended_api_delete"
  | "ended_silence"
  | "ended_insufficient_credits"
  | "ended_media_lost"
  | "ended_error";

/** `message` and `hint` are the API's own words, shown where we have none of our own. */
export interface CallFailure {
  kind: FailureKind;
  requestId: string | null;
  retryAfterS: number | null;
  message: string;
  hint: string;
}

export const failureOf = (kind: FailureKind): CallFailure => ({
  kind,
  requestId: null,
  retryAfterS: null,
  message: "",
  hint: "",
});

/** Names of getUserMedia's errors: https://w3c.github.io/mediacapture-main/#dom-mediadevices-getusermedia */
export function microphoneFailure(reason: unknown): CallFailure {
  const name = reason instanceof Error || reason instanceof DOMException ? reason.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return failureOf("permission_refused");
  if (name === "NotReadableError" || name === "AbortError") return failureOf("microphone_busy");
  return failureOf("no_microphone");
}

/** What a refusal of the API, or no answer at all, means for the call. */
export function requestFailure(reason: unknown): CallFailure {
  if (!(reason instanceof ApiFailure)) return failureOf("server_unreachable");
  return {
    kind: kindOfRefusal(reason),
    requestId: reason.requestId,
    retryAfterS: reason.retryAfterS,
    message: reason.message,
    hint: reason.hint,
  };
}

function kindOfRefusal({ status, code }: ApiFailure): FailureKind {
  if (status === 0 || status === 502 || status === 504) return "server_unreachable";
  if (status === 401) return "signed_out";
  if (code === "at_capacity") return "at_capacity";
  if (status === 429) return "too_many";
  return "refused";
}

const SAID_ENDS = ["max_duration", "never_joined", "api_delete", "silence", "insufficient_credits", "media_lost", "error"] as const;

/** Why a call ended, where the person did not end it and should be told; null for the ordinary ends. */
export function endFailure(endReason: string | null): CallFailure | null {
  const reason = SAID_ENDS.find((known) => known === endReason);
  return reason === undefined ? null : failureOf(`ended_${reason}`);
}
