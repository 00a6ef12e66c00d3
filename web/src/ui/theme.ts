import { createTheme, type MantineColorsTuple } from "@mantine/core";

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

/** Fonts of the system only: nothing is fetched, and every Indic script the system can write is written. */
const FONTS =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Devanagari", "Nirmala UI", "Helvetica Neue", Arial, sans-serif';

export const theme = createTheme({
  primaryColor: "call",
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  colors: { call },
  fontFamily: FONTS,
  headings: { fontFamily: FONTS, fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
});
