import { Text } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import { Notice } from "../../ui/Notice";
import type { CallFailure, FailureKind } from "../../voice/failures";
import { Countdown } from "./Countdown";

interface FailureNoticeProps {
  failure: CallFailure;
  onDismiss: () => void;
}

/** What went wrong with a call and what to do; goes by itself when the cause is gone. */
export function FailureNotice({ failure, onDismiss }: FailureNoticeProps) {
  const { t } = useTranslation("failures");
  useCure(failure.kind, onDismiss);
  return (
    <Notice title={t(`${failure.kind}.title`)} requestId={failure.requestId} onDismiss={onDismiss}>
      {failure.kind === "refused" ? (
        <Text>
          {failure.message} {failure.hint}
        </Text>
      ) : (
        <Text>{t(`${failure.kind}.do`)}</Text>
      )}
      {failure.retryAfterS === null ? null : <Countdown key={failure.requestId} fromS={failure.retryAfterS} />}
    </Notice>
  );
}

/** Allowing the microphone or plugging one in takes the message away. */
function useCure(kind: FailureKind, onCured: () => void): void {
  useEffect(() => {
    if (kind === "no_microphone") return listen(navigator.mediaDevices, "devicechange", onCured);
    if (kind !== "permission_refused") return undefined;
    let stop: (() => void) | undefined;
    let gone = false;
    const watch = async () => {
      const permission = await navigator.permissions.query({ name: "microphone" });
      if (gone) return;
      stop = listen(permission, "change", () => {
        if (permission.state !== "denied") onCured();
      });
    };
    void watch().catch(() => undefined);
    return () => {
      gone = true;
      stop?.();
    };
  }, [kind, onCured]);
}

function listen(target: EventTarget, event: string, listener: () => void): () => void {
  target.addEventListener(event, listener);
  return () => target.removeEventListener(event, listener);
}
