/** The words on the screen: English of the first page at once, later pages (later.ts) and other languages when needed. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import en from "./en";
import type later from "./later";

export const LANGUAGES = [
  { id: "en", name: "English" },
  { id: "hi", name: "हिन्दी" },
] as const;
export type Language = (typeof LANGUAGES)[number]["id"];

const STORED_AS = "callmissed-language";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "common";
    resources: typeof en & typeof later;
  }
}

/** Resolves when the person's language is ready; falls back to English. */
export async function startWords(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: { en },
    lng: "en",
    fallbackLng: "en",
    ns: ["common", "entry", "failures", "playground", "settings"],
    defaultNS: "common",
    interpolation: { escapeValue: false },
  });
  const wanted = localStorage.getItem(STORED_AS) ?? navigator.language.split("-")[0];
  await speak(LANGUAGES.find(({ id }) => id === wanted)?.id ?? "en").catch(() => speak("en"));
}

/** Changes the language of the page at once and for the next visit. */
export async function chooseLanguage(language: Language): Promise<void> {
  await speak(language);
  localStorage.setItem(STORED_AS, language);
}

async function speak(language: Language): Promise<void> {
  if (language === "hi" && !i18next.hasResourceBundle("hi", "common")) {
    const { default: words } = await import("./hi");
    for (const [area, bundle] of Object.entries(words)) i18next.addResourceBundle("hi", area, bundle);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}
