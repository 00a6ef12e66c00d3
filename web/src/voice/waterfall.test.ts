import { expect, test } from "vitest";

import type { Turn } from "../api/types";
import { spansOf } from "./waterfall";

const turn = (times: Partial<Turn>): Turn => ({ user_transcript: "Hours?", ...times }) as Turn;

test("the stages follow each other and add up to the first sound", () => {
  const spans = spansOf(turn({ stt_ms: 400, endpoint_ms: 500, first_token_ms: 620, first_audio_ms: 700 }));
  expect(spans.map(({ stage, fromMs, toMs }) => [stage, fromMs, toMs])).toEqual([
    ["recognition", 0, 400],
    ["endpoint", 400, 500],
    ["model", 500, 620],
    ["voice", 620, 700],
  ]);
});

test("a stage that was done early takes no time of its own", () => {
  const spans = spansOf(turn({ stt_ms: 400, endpoint_ms: 500, first_token_ms: 450, first_audio_ms: 600 }));
  expect(spans.map(({ stage }) => stage)).toEqual(["recognition", "endpoint", "voice"]);
});

test("missing marks leave their time to the next stage", () => {
  const spans = spansOf(turn({ stt_ms: null, endpoint_ms: 300, first_token_ms: null, first_audio_ms: 600 }));
  expect(spans.map(({ stage, fromMs, toMs }) => [stage, toMs - fromMs])).toEqual([
    ["endpoint", 300],
    ["voice", 300],
  ]);
});

test("no sound or no question gives no waterfall", () => {
  expect(spansOf(turn({ stt_ms: 400, first_audio_ms: null }))).toEqual([]);
  expect(spansOf(turn({ user_transcript: null, first_audio_ms: 30 }))).toEqual([]);
});
