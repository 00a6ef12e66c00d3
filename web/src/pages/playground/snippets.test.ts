import { expect, test } from "vitest";

import { clockTime } from "./clockTime";
import { asCurl, asJavaScript } from "./snippets";

const request = { system_prompt: "It's a clinic.", language: "en-IN" };

test("curl survives an apostrophe in the prompt and names the session", () => {
  const code = asCurl("http://localhost:8080", request, "s-1");
  expect(code).toContain(`It'\\''s a clinic.`);
  expect(code).toContain("http://localhost:8080/v1/voice/sessions/s-1/transcript");
});

test("JavaScript carries the whole request", () => {
  expect(asJavaScript("http://localhost:8080", request)).toContain(`"system_prompt": "It's a clinic."`);
});

test("a duration reads like a clock", () => {
  expect([0, 59.9, 60, 3725, -3].map(clockTime)).toEqual(["0:00", "0:59", "1:00", "62:05", "0:00"]);
});
