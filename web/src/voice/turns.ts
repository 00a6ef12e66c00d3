/** Joins the live lines with the stored turns, and reads a turn's latencies. */
import type { Session, Turn } from "../api/types";
import { isOver } from "../api/sessions";
import type { Line } from "./captions";

/** A line of the conversation with the turn that it belongs to, where that is known already. */
export interface Said {
  line: Line;
  turn: Turn | null;
}

/**
 * Gives each agent line its stored turn. Both are in order; a turn belongs to the first later line that starts like it
 * (an interrupted answer may hold a word more or less than its caption).
 */
export function pairWithTurns(lines: readonly Line[], turns: readonly Turn[]): Said[] {
  const said: Said[] = lines.map((line) => ({ line, turn: null }));
  let from = 0;
  for (const turn of turns) {
    const at = said.findIndex(
      ({ line }, index) => index >= from && line.who === "agent" && startsAlike(line.text, turn.agent_response),
    );
    const match = said[at];
    if (match === undefined) continue;
    match.turn = turn;
    from = at + 1;
  }
  return said;
}

/** The stored turns as lines: the whole conversation after the call. */
export function linesOfTurns(turns: readonly Turn[]): Said[] {
  return turns.flatMap((turn) => {
    const id = String(turn.turn_index);
    const caller: Said[] = turn.user_transcript
      ? [{ line: { id: `${id}-caller`, who: "caller", text: turn.user_transcript, final: true }, turn: null }]
      : [];
    const agent: Said[] = turn.agent_response
      ? [{ line: { id: `${id}-agent`, who: "agent", text: turn.agent_response, final: true }, turn }]
      : [];
    return [...caller, ...agent];
  });
}

/** True when no more turns will come. */
export const isWhole = (session: Session | undefined, turns: readonly Turn[]): boolean =>
  session !== undefined && isOver(session) && turns.length >= session.turn_count;

/** The middle one of the answers' first-audio times in ms; the greeting answers nobody. */
export function medianFirstAudioMs(turns: readonly Turn[]): number | null {
  const times = turns
    .filter((turn) => turn.user_transcript !== null)
    .flatMap((turn) => (turn.first_audio_ms === null ? [] : [turn.first_audio_ms]))
    .sort((a, b) => a - b);
  return times[Math.floor((times.length - 1) / 2)] ?? null;
}

function startsAlike(a: string, b: string): boolean {
  const [short, long] = [plain(a), plain(b)].sort((x, y) => x.length - y.length) as [string, string];
  return short !== "" && long.startsWith(short.slice(0, Math.max(8, short.length - 16)));
}

const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]+/gu, " ").trim();
