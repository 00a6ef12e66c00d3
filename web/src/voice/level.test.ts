import { expect, test } from "vitest";

import { loudness } from "./level";

test("silence shows nothing and full scale fills the meter", () => {
  expect(loudness(new Float32Array(512))).toBe(0);
  expect(loudness(new Float32Array(512).fill(1))).toBe(1);
});

test("louder is more", () => {
  expect(loudness(new Float32Array(512).fill(0.1))).toBeGreaterThan(loudness(new Float32Array(512).fill(0.02)));
});
