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

/** The models that a bot names; null for the platform's own. */
export type Speech = Pick<Bot, "stt_model" | "tts_model">;

/**
 * Languages that the models of the call both understand and speak now; the default one first, the rest by name. A
 * model that knows any language leaves the choice to the other one.
 */
export function callLanguages(stt: readonly Model[], tts: readonly Model[], bot?: Speech): string[] {
  const heard = languagesOf(stt, bot?.stt_model ?? null);
  const spoken = languagesOf(tts, bot?.tts_model ?? null);
  const bases = new Set((spoken ?? []).map(baseOf));
  const both = heard ? heard.filter((language) => !spoken || bases.has(baseOf(language))) : (spoken ?? []);
  const rest = [...new Set(both)].filter((language) => !covers(DEFAULT_LANGUAGE, language)).sort();
  return [DEFAULT_LANGUAGE, ...rest];
}

/** Of the model and the local ones that answer in its place or beside it; null for any language. */
function languagesOf(models: readonly Model[], id: string | null): string[] | null {
  const found: string[] = [];
  let model = models.find((one) => (id === null ? one.is_default : one.id === id));
  while (model) {
    const { provider, fallback, languages } = model;
    if (provider === "local" || fallback === null) {
      if (languages.length === 0) return null;
      found.push(...languages);
    }
    model = models.find((one) => one.id === fallback);
  }
  return found;
}

/** "en" without a region stands for all of them, the default one among them. */
const covers = (chosen: string, language: string): boolean => language === chosen || language === baseOf(chosen);

const baseOf = (language: string): string => language.split("-")[0] ?? language;
