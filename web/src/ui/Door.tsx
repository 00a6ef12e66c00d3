import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import classes from "./Door.module.css";
import { Logo } from "./icons";
import { Preferences } from "./Preferences";

/** The frame of the pages outside: one card in the middle. */
export function Door({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className={classes.door}>
      <div className={classes.brand}>
        <Logo size={38} />
        {t("name")}
      </div>
      <main className={classes.card}>{children}</main>
      <div className={classes.preferences}>
        <Preferences />
      </div>
    </div>
  );
}
