import { Loader, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { listBots, listModels } from "../../api/catalog";
import type { SessionRequest } from "../../api/types";
import { useStanding } from "../../api/useStanding";
import { isRunning } from "../../voice/state";
import { linesOfTurns, pairWithTurns } from "../../voice/turns";
import { useCall } from "../../voice/useCall";
import { CallAsCode, Figures } from "./AfterCall";
import { callLanguages, chosenBot, DEFAULT_LANGUAGE, requestOf, type SetupChoice } from "./choice";
import { Conversation, GreetingAhead } from "./Conversation";
import { FailureNotice } from "./FailureNotice";
import classes from "./PlaygroundPage.module.css";
import { Setup } from "./Setup";
import { Stage } from "./Stage";
import { useTranscript } from "./useTranscript";

/** Choose who answers, talk, watch words and latencies, take the call away as code. */
export function PlaygroundPage() {
  const { t } = useTranslation("playground");
  useDocumentTitle(`${t("title")} · CallMissed`);
  const { call, state } = useCall();
  const signedOut = useStanding().is === "out";
  const transcript = useTranscript(state);
    const [choice, setChoice] = useState<SetupChoice>({
    by: "bot",
    botId: null,
    prompt: t("prompt_default"),
    language: DEFAULT_LANGUAGE,
  });
  const { bots, botsFailed, languages } = useChoices(choice);
  const [made, setMade] = useState<SessionRequest | null>(null);
  const request = requestOf(choice, bots ?? []);
  const running = isRunning(state);
  const ended = state.phase === "ended";
  const stored = ended && transcript.whole;
  const said = stored ? linesOfTurns(transcript.turns) : pairWithTurns(state.lines, transcript.turns);
  const talk = () => {
    if (!request) return;
    setMade(request);
    void call.talk(request);
  };

  return (
    <div className={classes.page}>
      <div>
        <Title order={1} size="h2">
          {t("title")}
        </Title>
        <Text c="dimmed">{t("lead")}</Text>
      </div>
      {state.failure && !(signedOut && state.failure.kind === "signed_out") ? (
        <FailureNotice failure={state.failure} onDismiss={call.dismiss} />
      ) : null}
      <div className={classes.columns}>
        <section className={classes.panel} aria-label={t("setup")}>
          <Stage call={call} state={state} onTalk={request ? talk : null} />
          {running ? null : (
            <Setup bots={bots} botsFailed={botsFailed} languages={languages} choice={choice} onChange={setChoice} />
          )}
        </section>
        <div className={classes.results}>
          {ended ? <Figures call={state} transcript={transcript} /> : null}
          <Conversation
            said={said}
            aside={ended && !stored ? <Gathering failed={transcript.failed} /> : null}
            empty={
              ended ? t("empty_after") : <GreetingAhead greeting={chosenBot(choice, bots ?? [])?.greeting ?? null} />
            }
          />
          {ended && made ? <CallAsCode request={made} sessionId={state.session?.id ?? null} /> : null}
        </div>
      </div>
    </div>
  );
}

function useChoices(choice: SetupChoice) {
  const bots = useQuery({ queryKey: ["bots"], queryFn: listBots });
  const stt = useQuery({ queryKey: ["models", "stt"], queryFn: () => listModels("stt") });
  const tts = useQuery({ queryKey: ["models", "tts"], queryFn: () => listModels("tts") });
  const languages = callLanguages(stt.data ?? [], tts.data ?? [], chosenBot(choice, bots.data ?? []));
  return { bots: bots.data, botsFailed: bots.isError, languages };
}

function Gathering({ failed }: { failed: boolean }) {
  const { t } = useTranslation("playground");
  return failed ? (
    <Text size="sm" c="dimmed" role="status">
      {t("transcript_failed")}
    </Text>
  ) : (
    <Text size="sm" c="dimmed" role="status">
      <Loader size={12} mr={6} />
      {t("gathering")}
    </Text>
  );
}
