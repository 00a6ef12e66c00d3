/** What a person chose before a call, and the request that follows from it. */
import type { Bot, Model, SessionRequest } from "../../api/types";

export interface SetupChoice {
  by: "bot" | "prompt";
  botId: string | null;
  prompt: string;
  language: string;
}

export const DEFAULT_LANGUAGE = "en-IN";

/** null while there is nothing to call: no bot known yet, or an empty prompt. */
export function requestOf(choice: SetupChoice, bots: readonly Bot[]): SessionRequest | null {
  const { language } = choice;
  if (choice.by === "prompt") {
    const prompt = choice.prompt.trim();
    return prompt === "" ? null : { system_prompt: prompt, language };
  }
  const bot = chosenBot(choice, bots);
  return bot ? { bot_id: bot.id, language } : null;
}

export const chosenBot = (choice: SetupChoice, bots: readonly Bot[]): Bot | undefined =>
  choice.by === "bot" ? (bots.find(({ id }) => id === choice.botId) ?? bots[0]) : undefined;

/** Languages that can be both understood and spoken now; the default one first, the rest by name. */
export function callLanguages(stt: readonly Model[], tts: readonly Model[]): string[] {
  const spoken = new Set(usable(tts).map(baseOf));
  const both = usable(stt).filter((language) => spoken.has(baseOf(language)));
  const rest = [...new Set(both)].filter((language) => !covers(DEFAULT_LANGUAGE, language)).sort();
  return [DEFAULT_LANGUAGE, ...rest];
}

/** A model with a fallback stands for it while it has no key, so only what answers by itself counts. */
const usable = (models: readonly Model[]): string[] =>
  models
    .filter(({ status, fallback }) => status === "available" && fallback === null)
    .flatMap(({ languages }) => languages);

/** "en" without a region stands for all of them, the default one among them. */
const covers = (chosen: string, language: string): boolean => language === chosen || language === baseOf(chosen);

const baseOf = (language: string): string => language.split("-")[0] ?? language;
