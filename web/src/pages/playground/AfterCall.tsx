import { SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { SessionRequest } from "../../api/types";
import { Code } from "../../ui/Code";
import type { CallState } from "../../voice/state";
import { medianFirstAudioMs } from "../../voice/turns";
import classes from "./AfterCall.module.css";
import { clockTime } from "./clockTime";
import { asCurl, asJavaScript } from "./snippets";
import type { Transcript } from "./useTranscript";

/** The figures of a finished call. */
export function Figures({ call, transcript }: { call: CallState; transcript: Transcript }) {
  const { t } = useTranslation("playground");
  const median = medianFirstAudioMs(transcript.turns);
  const shownS = ((call.endedAt ?? 0) - (call.joinedAt ?? call.endedAt ?? 0)) / 1000;
  return (
    <dl className={classes.figures}>
      <div>
        <dt>{t("summary_duration")}</dt>
        <dd>{clockTime(transcript.session?.duration_seconds ?? shownS)}</dd>
      </div>
      <div>
        <dt>{t("summary_turns")}</dt>
        <dd>{transcript.turns.length}</dd>
      </div>
      <div>
        <dt>{t("summary_median")}</dt>
        <dd>{median === null ? "–" : t("ms", { ms: Math.round(median) })}</dd>
      </div>
    </dl>
  );
}

/** The same call as code, with the real ids. */
export function CallAsCode({ request, sessionId }: { request: SessionRequest; sessionId: string | null }) {
  const { t } = useTranslation("playground");
  const [as, setAs] = useState("curl");
  return (
    <section className={classes.code}>
      <Stack gap="sm">
        <div>
          <Title order={2} size="h5">
            {t("copy_title")}
          </Title>
          <Text size="sm" c="dimmed">
            {t("copy_lead")}
            {sessionId ? ` ${t("session_id")}: ${sessionId}` : ""}
          </Text>
        </div>
        <SegmentedControl
          aria-label={t("copy_title")}
          value={as}
          data={[
            { value: "curl", label: "curl" },
            { value: "javascript", label: "JavaScript" },
          ]}
          onChange={setAs}
        />
        {as === "curl" ? (
          <Code label="curl" text={asCurl(location.origin, request, sessionId)} />
        ) : (
          <Code label="JavaScript" text={asJavaScript(location.origin, request)} />
        )}
      </Stack>
    </section>
  );
}
