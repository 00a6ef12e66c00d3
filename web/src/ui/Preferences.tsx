import { NativeSelect, useMantineColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { chooseLanguage, LANGUAGES } from "../words";
import classes from "./Preferences.module.css";

/** Language and theme of the page, remembered by this browser. */
export function Preferences() {
  const { t, i18n } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <div className={classes.row}>
      <NativeSelect
        size="xs"
        label={t("language")}
        value={i18n.language}
        data={LANGUAGES.map(({ id, name }) => ({ value: id, label: name }))}
        onChange={(event) => {
          const chosen = LANGUAGES.find(({ id }) => id === event.currentTarget.value);
          if (chosen) void chooseLanguage(chosen.id);
        }}
      />
      <NativeSelect
        size="xs"
        label={t("theme")}
        value={colorScheme}
        data={(["auto", "light", "dark"] as const).map((value) => ({ value, label: t(`theme_${value}`) }))}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          if (chosen === "auto" || chosen === "light" || chosen === "dark") setColorScheme(chosen);
        }}
      />
    </div>
  );
}
