/** A turn's way from the caller's last sound to the agent's first, as consecutive stages. */
import type { Turn } from "../api/types";

/** As the call itself measures them, in this order. */
export const STAGES = [
  "end_of_turn",
  "retrieval",
  "llm_first_token",
  "first_clause",
  "tts_first_audio",
  "transport_out",
] as const;
export type Stage = (typeof STAGES)[number];

/** Both ends in ms after the caller's last sound. */
export interface Span {
  stage: Stage;
  fromMs: number;
  toMs: number;
}

/** Together they end at `first_audio_ms`; a stage that was over before its turn came took no time and is left out. */
export function spansOf(turn: Turn): Span[] {
  const spans: Span[] = [];
  let fromMs = 0;
  for (const stage of STAGES) {
    const toMs = fromMs + Math.max(0, turn.stages[stage] ?? 0);
    if (toMs > fromMs) spans.push({ stage, fromMs, toMs });
    fromMs = toMs;
  }
  return spans;
}
