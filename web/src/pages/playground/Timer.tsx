import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { clockTime } from "./clockTime";
import classes from "./Stage.module.css";

/** Time since `since` (ms since 1970) against the longest a call may take. */
export function Timer({ since, limitS }: { since: number; limitS: number }) {
  const { t } = useTranslation("playground");
  const [now, setNow] = useState(since);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className={classes.timer} role="timer" aria-label={t("elapsed")}>
      {clockTime((now - since) / 1000)} {Number.isFinite(limitS) ? t("of_limit", { limit: clockTime(limitS) }) : null}
    </div>
  );
}
