import { Alert, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

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
    <Alert
      role={tone === "problem" ? "alert" : "status"}
      color={tone === "problem" ? "red" : "call"}
      variant="light"
      title={title}
      withCloseButton={onDismiss !== undefined}
      closeButtonLabel={t("dismiss")}
      {...(onDismiss && { onClose: onDismiss })}
      styles={{ message: { color: "var(--ink)" }, title: { color: "var(--ink)" } }}
    >
      {children}
      {requestId ? (
        <Text size="xs" c="dimmed" mt={6}>
          {t("request_id")}: <code>{requestId}</code>
        </Text>
      ) : null}
    </Alert>
  );
}
