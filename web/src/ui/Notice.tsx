import { CloseButton, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import classes from "./Notice.module.css";

interface NoticeProps {
  title: string;
  /** What to do about it. */
  children: ReactNode;
  tone?: "problem" | "note";
  requestId?: string | null;
  onDismiss?: () => void;
}

/** Says what is wrong and what to do; stays until dismissed or cured. */
export function Notice({ title, children, tone = "problem", requestId, onDismiss }: NoticeProps) {
  const { t } = useTranslation();
  return (
    <div className={classes.notice} data-tone={tone} role={tone === "problem" ? "alert" : "status"}>
      <div className={classes.words}>
        <strong>{title}</strong>
        <div>{children}</div>
        {requestId ? (
          <Text size="xs" c="dimmed">
            {t("request_id")}: <code>{requestId}</code>
          </Text>
        ) : null}
      </div>
      {onDismiss ? <CloseButton aria-label={t("dismiss")} onClick={onDismiss} /> : null}
    </div>
  );
}
