/** A turn's way from the caller's last sound to the agent's first, as consecutive stages. */
import type { Turn } from "../api/types";

export type Stage = "recognition" | "endpoint" | "model" | "voice";

/** Both ends in ms after the caller's last sound. */
export interface Span {
  stage: Stage;
  fromMs: number;
  toMs: number;
}

/** A stage that ended before the one in front of it took no time of its own and is left out. */
export function spansOf(turn: Turn): Span[] {
  const marks: [Stage, number | null | undefined][] = [
    ["recognition", turn.stt_ms],
    ["endpoint", turn.endpoint_ms],
    ["model", turn.first_token_ms],
    ["voice", turn.first_audio_ms],
  ];
  const end = turn.first_audio_ms;
  if (end == null || turn.user_transcript === null) return [];
  const spans: Span[] = [];
  let fromMs = 0;
  for (const [stage, mark] of marks) {
    const toMs = Math.min(mark ?? fromMs, end);
    if (toMs <= fromMs) continue;
    spans.push({ stage, fromMs, toMs });
    fromMs = toMs;
  }
  return spans;
}
