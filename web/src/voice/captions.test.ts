import { expect, test } from "vitest";

import { addCaptions, type Caption, lastFinal } from "./captions";

const said = (id: string, text: string, final = false, who: Caption["who"] = "caller"): Caption => ({ id, who, text, final });

test("partial words grow in place and become final", () => {
  const lines = [said("a", "when"), said("a", "when do you"), said("a", "When do you open?", true)].reduce<Caption[]>(
    (before, caption) => addCaptions(before, [caption]),
    [],
  );
  expect(lines).toEqual([said("a", "When do you open?", true)]);
});

test("a final line never changes again", () => {
  const lines = addCaptions([said("a", "Done.", true)], [said("a", "Don"), said("a", "", true)]);
  expect(lines).toEqual([said("a", "Done.", true)]);
});

test("lines keep the order in which they were first heard", () => {
  const lines = addCaptions([], [said("a", "one"), said("b", "two", false, "agent"), said("a", "one more", true)]);
  expect(lines.map(({ text }) => text)).toEqual(["one more", "two"]);
});

test("words that were taken back disappear", () => {
  expect(addCaptions([said("a", "uh")], [said("a", "", true)])).toEqual([]);
});

test("an empty caption makes no line", () => {
  expect(addCaptions([], [said("a", " ")])).toEqual([]);
});

test("only finished lines are announced", () => {
  expect(lastFinal([said("a", "one", true), said("b", "two")])?.id).toBe("a");
});
