import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const call: MantineColorsTuple = [
  "#e7f8f1",
  "#cdeee1",
  "#9bdcc4",
  "#65c9a5",
  "#3bb98b",
  "#1fa878",
  "#0f8f66",
  "#0b7a5e",
  "#08634c",
  "#054a39",
];

/** Greys for the dark theme, of the same tint as its surfaces; Mantine takes inputs, borders and texts from them. */
const dark: MantineColorsTuple = [
  "#e9efec",
  "#c3ccc8",
  "#a3b0ab",
  "#76837e",
  "#34403c",
  "#2c3633",
  "#1f2826",
  "#171e1c",
  "#121816",
  "#0f1413",
];

/** Fonts of the system only: nothing is fetched, and every Indic script the system can write is written. */
const FONTS =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Devanagari", "Nirmala UI", "Helvetica Neue", Arial, sans-serif';

export const theme = createTheme({
  primaryColor: "call",
  primaryShade: 7,
  autoContrast: true,
  colors: { call, dark },
  fontFamily: FONTS,
  headings: { fontFamily: FONTS, fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
});

/** Mantine's surfaces and texts take their colours from base.css, the same names in both themes. */
export const surfaces: CSSVariablesResolver = () => {
  const shared = {
    "--mantine-color-body": "var(--page)",
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--ink-soft)",
    "--mantine-color-default-border": "var(--line)",
    "--mantine-color-anchor": "var(--call-strong)",
    "--mantine-color-error": "var(--stop)",
  };
  return { variables: {}, light: shared, dark: shared };
};
