/** A call as the screen sees it, and what each happening makes of it. */
import type { CreatedSession } from "../api/types";
import { addCaptions, type Caption, type Line } from "./captions";
import type { CallFailure } from "./failures";

export type Phase = "idle" | "microphone" | "creating" | "joining" | "talking" | "ended";
export type AgentState = "connecting" | "listening" | "thinking" | "speaking" | "away";

/** Instants in ms since 1970; `failure` stays until dismissed or cured. */
export interface CallState {
  phase: Phase;
  agent: AgentState;
  reconnecting: boolean;
  soundBlocked: boolean;
  session: CreatedSession | null;
  lines: readonly Line[];
  failure: CallFailure | null;
  joinedAt: number | null;
  endedAt: number | null;
}

export type Happening =
  | { what: "begun" }
  | { what: "microphone_open" }
  | { what: "created"; session: CreatedSession }
  | { what: "joined"; at: number }
  | { what: "agent"; state: AgentState }
  | { what: "captions"; captions: readonly Caption[] }
  | { what: "reconnecting"; now: boolean }
  | { what: "sound_blocked"; now: boolean }
  | { what: "warned"; failure: CallFailure }
  | { what: "ended"; at: number; failure: CallFailure | null }
  | { what: "dismissed" };

export const IDLE: CallState = {
  phase: "idle",
  agent: "connecting",
  reconnecting: false,
  soundBlocked: false,
  session: null,
  lines: [],
  failure: null,
  joinedAt: null,
  endedAt: null,
};

/** A call from the press of Talk to its end. */
export const isRunning = ({ phase }: CallState): boolean => phase !== "idle" && phase !== "ended";

export function follow(state: CallState, happening: Happening): CallState {
  switch (happening.what) {
    case "begun":
      return { ...IDLE, phase: "microphone" };
    case "microphone_open":
      return { ...state, phase: "creating" };
    case "created":
      return { ...state, phase: "joining", session: happening.session };
    case "joined":
      return { ...state, phase: "talking", joinedAt: happening.at };
    case "agent":
      return { ...state, agent: happening.state };
    case "captions":
      return { ...state, lines: addCaptions(state.lines, happening.captions) };
    case "reconnecting":
      return { ...state, reconnecting: happening.now };
    case "sound_blocked":
      return { ...state, soundBlocked: happening.now };
    case "warned":
      return { ...state, failure: happening.failure };
    case "ended":
      return end(state, happening.at, happening.failure);
    case "dismissed":
      return { ...state, failure: null };
  }
}

/** Without a session there was no call: back to the start, with the reason. */
function end(state: CallState, at: number, failure: CallFailure | null): CallState {
  if (state.session === null) return { ...IDLE, failure };
  const lines = state.lines.map((line) => ({ ...line, final: true }));
  return { ...state, phase: "ended", reconnecting: false, soundBlocked: false, lines, failure, endedAt: at };
}
