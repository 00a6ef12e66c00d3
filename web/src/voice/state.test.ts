import { expect, test } from "vitest";

import type { CreatedSession } from "../api/types";
import { failureOf } from "./failures";
import { type CallState, follow, type Happening, IDLE, isRunning } from "./state";

const session = { id: "s" } as CreatedSession;
const after = (...happenings: Happening[]): CallState => happenings.reduce(follow, IDLE);

test("a call goes from the microphone to the room", () => {
  const state = after(
    { what: "begun" },
    { what: "microphone_open" },
    { what: "created", session },
    { what: "joined", at: 5 },
    { what: "agent", state: "listening" },
  );
  expect(state).toMatchObject({ phase: "talking", agent: "listening", joinedAt: 5, session });
  expect(isRunning(state)).toBe(true);
});

test("a failure before there is a session leads back to the start and stays", () => {
  const failure = failureOf("permission_refused");
  expect(after({ what: "begun" }, { what: "ended", at: 1, failure })).toEqual({ ...IDLE, failure });
});

test("an ended call keeps its words, all of them finished", () => {
  const state = after(
    { what: "begun" },
    { what: "created", session },
    { what: "captions", captions: [{ id: "1", who: "caller", text: "Wait", final: false }] },
    { what: "reconnecting", now: true },
    { what: "ended", at: 9, failure: null },
  );
  expect(state).toMatchObject({ phase: "ended", reconnecting: false, endedAt: 9 });
  expect(state.lines).toEqual([{ id: "1", who: "caller", text: "Wait", final: true }]);
});

test("the next call starts clean", () => {
  const failure = failureOf("room_lost");
  expect(after({ what: "created", session }, { what: "ended", at: 1, failure }, { what: "begun" })).toEqual({
    ...IDLE,
    phase: "microphone",
  });
});

test("a dismissed failure is gone and the call goes on", () => {
  const state = after({ what: "joined", at: 1 }, { what: "warned", failure: failureOf("microphone_lost") }, { what: "dismissed" });
  expect(state).toMatchObject({ phase: "talking", failure: null });
});
