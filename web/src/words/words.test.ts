import { expect, test } from "vitest";

import en from "./en";
import hi from "./hi";
import entry from "./en/entry.json";
import settings from "./en/settings.json";

/** Every leaf as `area.key`, with the names between {{ }} that it uses. */
function leaves(words: object, path = ""): [string, string[]][] {
  return Object.entries(words).flatMap(([key, value]: [string, unknown]) =>
    typeof value === "string"
      ? [[path + key, [...value.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? "").sort()] as [string, string[]]]
      : leaves(value as object, `${path}${key}.`),
  );
}

test("Hindi has every English text, with the same values in it", () => {
  expect(leaves(hi).sort()).toEqual(leaves({ ...en, entry, settings }).sort());
});
