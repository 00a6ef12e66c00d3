import { expect, test } from "vitest";

import type { Session, Turn } from "../api/types";
import type { Line } from "./captions";
import { isWhole, linesOfTurns, medianFirstAudioMs, pairWithTurns } from "./turns";

const turn = (turn_index: number, user_transcript: string | null, agent_response: string, more: Partial<Turn> = {}): Turn =>
  ({ turn_index, user_transcript, agent_response, ...more }) as Turn;

const line = (id: string, who: Line["who"], text: string): Line => ({ id, who, text, final: true });

test("each agent line gets its stored turn", () => {
  const lines = [line("1", "agent", "Hello!"), line("2", "caller", "Hours?"), line("3", "agent", "We open at nine.")];
  const turns = [turn(0, null, "Hello!"), turn(1, "Hours?", "We open at nine.")];
  expect(pairWithTurns(lines, turns).map((said) => said.turn?.turn_index)).toEqual([0, undefined, 1]);
});

test("an interrupted answer is found although its caption holds a word more", () => {
  const lines = [line("1", "agent", "We are open from nine to"), line("2", "agent", "The fee is five hundred.")];
  const turns = [turn(1, "Hours?", "We are open from nine"), turn(2, "Fee?", "The fee is five hundred.")];
  expect(pairWithTurns(lines, turns).map((said) => said.turn?.turn_index)).toEqual([1, 2]);
});

test("a turn that was never heard takes no line", () => {
  const lines = [line("1", "agent", "The fee is five hundred.")];
  const turns = [turn(1, "Hours?", ""), turn(2, "Fee?", "The fee is five hundred.")];
  expect(pairWithTurns(lines, turns)[0]?.turn?.turn_index).toBe(2);
});

test("after the call the stored turns are the conversation", () => {
  const said = linesOfTurns([turn(0, null, "Hello!"), turn(1, "Hours?", "Nine."), turn(2, "Wait", "")]);
  expect(said.map(({ line: { who, text } }) => `${who}: ${text}`)).toEqual([
    "agent: Hello!",
    "caller: Hours?",
    "agent: Nine.",
    "caller: Wait",
  ]);
});

test("a transcript is whole when the session is over and every turn is there", () => {
  const session = { status: "completed", turn_count: 1 } as Session;
  expect(isWhole(session, [])).toBe(false);
  expect(isWhole(session, [turn(0, null, "Hi")])).toBe(true);
  expect(isWhole({ ...session, status: "active" }, [turn(0, null, "Hi")])).toBe(false);
  expect(isWhole(undefined, [])).toBe(false);
});

test("the median leaves the greeting out", () => {
  const turns = [turn(0, null, "Hi", { first_audio_ms: 20 }), turn(1, "a", "b", { first_audio_ms: 700 })];
  expect(medianFirstAudioMs(turns)).toBe(700);
  expect(medianFirstAudioMs([])).toBeNull();
});
