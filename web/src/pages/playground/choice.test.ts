import { expect, test } from "vitest";

import type { Bot, Model } from "../../api/types";
import { callLanguages, requestOf, type SetupChoice } from "./choice";

const choice: SetupChoice = { by: "bot", botId: null, prompt: " Be kind. ", language: "en-IN" };
const bots = [{ id: "b1" }, { id: "b2" }] as Bot[];
const model = (languages: string[], status = "available", fallback: string | null = null) =>
  ({ languages, status, fallback }) as Model;

test("the first bot answers until another is chosen", () => {
  expect(requestOf(choice, bots)).toEqual({ bot_id: "b1", language: "en-IN" });
  expect(requestOf({ ...choice, botId: "b2" }, bots)).toEqual({ bot_id: "b2", language: "en-IN" });
});

test("a prompt takes the bot's place", () => {
  expect(requestOf({ ...choice, by: "prompt" }, bots)).toEqual({ system_prompt: "Be kind.", language: "en-IN" });
});

test("without a bot or a prompt there is nothing to call", () => {
  expect(requestOf(choice, [])).toBeNull();
  expect(requestOf({ ...choice, by: "prompt", prompt: "  " }, bots)).toBeNull();
});

test("only languages that are understood and spoken are offered", () => {
  const stt = [model(["en-IN", "hi-IN", "ta-IN"]), model(["fr-FR"], "maintenance")];
  expect(callLanguages(stt, [model(["en", "hi", "fr"])])).toEqual(["en-IN", "hi-IN"]);
});

test("what only a key would bring is not offered", () => {
  const stt = [model(["en-IN", "hi-IN"], "available", "local/stt"), model(["en"])];
  expect(callLanguages(stt, [model(["en", "hi"])])).toEqual(["en-IN"]);
});
