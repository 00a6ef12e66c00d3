import { expect, test } from "vitest";

import type { Bot, Model } from "../../api/types";
import { callLanguages, requestOf, type SetupChoice } from "./choice";

const choice: SetupChoice = { by: "bot", botId: null, prompt: " Be kind. ", language: "en-IN" };
const bots = [{ id: "b1" }, { id: "b2" }] as Bot[];
const model = (id: string, languages: string[], more: Partial<Model> = {}) =>
  ({ id, languages, provider: "a", status: "available", fallback: null, is_default: id === "main", ...more }) as Model;
const LOCAL = { provider: "local" };

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
  const stt = [model("main", ["en-IN", "hi-IN", "ta-IN"]), model("other", ["fr-FR"])];
  expect(callLanguages(stt, [model("main", ["en", "hi", "fr"])])).toEqual(["en-IN", "hi-IN"]);
});

test("what only a key would bring is not offered", () => {
  const stt = [model("main", ["en-IN", "hi-IN"], { fallback: "local/stt" }), model("local/stt", ["en"], LOCAL)];
  expect(callLanguages(stt, [model("main", ["en", "hi"])])).toEqual(["en-IN"]);
});

test("local voices stand in for each other", () => {
  const tts = [
    model("main", ["en-IN"], { fallback: "local/flite" }),
    model("local/flite", ["en"], { ...LOCAL, fallback: "local/espeak" }),
    model("local/espeak", ["en", "hi"], LOCAL),
  ];
  expect(callLanguages([model("main", ["en-IN", "hi-IN"])], tts)).toEqual(["en-IN", "hi-IN"]);
});

test("a bot's own models decide, and one that knows any language leaves it to the other", () => {
  const stt = [model("main", ["en-IN"]), model("whisper", [])];
  const tts = [model("main", ["en-IN"]), model("kokoro", ["hi-IN", "fr-FR"])];
  const bot = { stt_model: "whisper", tts_model: "kokoro" };
  expect(callLanguages(stt, tts, bot)).toEqual(["en-IN", "fr-FR", "hi-IN"]);
});
