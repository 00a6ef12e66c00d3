import { expect, test } from "vitest";

import type { Turn } from "../api/types";
import { spansOf } from "./waterfall";

const turn = (stages: Record<string, number>): Turn => ({ stages }) as Turn;

test("the stages follow each other in the order of the call, however they arrive", () => {
  const stages = { retrieval: 10, first_clause: 40, end_of_turn: 500, transport_out: 20, llm_first_token: 60, tts_first_audio: 70 };
  expect(spansOf(turn(stages)).map(({ stage, fromMs, toMs }) => [stage, fromMs, toMs])).toEqual([
    ["end_of_turn", 0, 500],
    ["retrieval", 500, 510],
    ["llm_first_token", 510, 570],
    ["first_clause", 570, 610],
    ["tts_first_audio", 610, 680],
    ["transport_out", 680, 700],
  ]);
});

test("a stage that was done early is left out", () => {
  expect(spansOf(turn({ end_of_turn: 500, retrieval: 0, tts_first_audio: 70 })).map(({ stage }) => stage)).toEqual([
    "end_of_turn",
    "tts_first_audio",
  ]);
});

test("a greeting has no waterfall", () => {
  expect(spansOf(turn({}))).toEqual([]);
});
