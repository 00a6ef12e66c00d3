import { useTranslation } from "react-i18next";

import type { Turn } from "../../api/types";
import { spansOf } from "../../voice/waterfall";
import classes from "./TurnTimes.module.css";

/** How long one answer took, and where the time went. The greeting answers nobody and shows nothing. */
export function TurnTimes({ turn }: { turn: Turn }) {
  const { t } = useTranslation("playground");
  const spans = spansOf(turn);
  const totalMs = turn.first_audio_ms;
  if (totalMs === null || spans.length === 0) return null;
  const parts = spans.map(({ stage, fromMs, toMs }) =>
    t("waterfall_part", { stage: t(`stage_${stage}`), ms: Math.round(toMs - fromMs) }),
  );
  return (
    <div className={classes.times}>
      <div className={classes.total}>
        <strong>{t("ms", { ms: Math.round(totalMs) })}</strong>
        {t("first_audio")}
      </div>
      <svg
        className={classes.bar}
        viewBox={`0 0 ${totalMs} 10`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t("waterfall", { total: Math.round(totalMs), parts: parts.join(", ") })}
      >
        {spans.map(({ stage, fromMs, toMs }) => (
          <rect key={stage} className={classes[stage]} x={fromMs} y={0} width={toMs - fromMs} height={10} />
        ))}
      </svg>
      <div className={classes.legend} aria-hidden>
        {spans.map(({ stage, fromMs, toMs }) => (
          <span key={stage}>
            <i className={`${classes.dot ?? ""} ${classes[stage] ?? ""}`} />
            {t("waterfall_part", { stage: t(`stage_${stage}`), ms: Math.round(toMs - fromMs) })}
          </span>
        ))}
      </div>
    </div>
  );
}
