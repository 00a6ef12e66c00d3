import { Text, Title, VisuallyHidden } from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { lastFinal } from "../../voice/captions";
import { spansOf } from "../../voice/waterfall";
import type { Said } from "../../voice/turns";
import classes from "./Conversation.module.css";
import { TurnTimes } from "./TurnTimes";

/** How many passages are named under an answer, best first. */
const SOURCES = 3;

interface ConversationProps {
  said: readonly Said[];
  /** Shown while nobody has said anything. */
  empty: ReactNode;
  aside?: ReactNode;
}

/** Both sides' words; only finished ones are read out, each once. */
export function Conversation({ said, empty, aside }: ConversationProps) {
  const { t } = useTranslation("playground");
  const newest = lastFinal(said.map(({ line }) => line));
  return (
    <section className={classes.card} aria-label={t("conversation")}>
      <div className={classes.head}>
        <Title order={2} size="h5">
          {t("conversation")}
        </Title>
        {aside}
      </div>
      {said.length === 0 ? <div className={classes.empty}>{empty}</div> : <Lines said={said} />}
      <VisuallyHidden aria-live="polite">
        {newest ? t("announce", { who: t(newest.who === "caller" ? "you" : "agent"), text: newest.text }) : ""}
      </VisuallyHidden>
    </section>
  );
}

/** What the agent will open with, before the call. */
export function GreetingAhead({ greeting }: { greeting: string | null }) {
  const { t } = useTranslation("playground");
  return (
    <>
      <Text maw={360}>{t("empty")}</Text>
      {greeting ? (
        <>
          <Text size="sm">{t("empty_greeting")}</Text>
          <div className={classes.quote}>{greeting}</div>
        </>
      ) : null}
    </>
  );
}

function Lines({ said }: { said: readonly Said[] }) {
  const list = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    if (atEnd.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [said]);
  return (
    <ol
      ref={list}
      className={classes.lines}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        atEnd.current = scrollHeight - scrollTop - clientHeight < 48;
      }}
    >
      {said.map((one) => (
        <SaidLine key={`${one.line.who}-${one.line.id}`} said={one} />
      ))}
    </ol>
  );
}

function SaidLine({ said: { line, turn } }: { said: Said }) {
  const { t } = useTranslation("playground");
  const sources = [...new Set(turn?.sources.map(({ heading, document }) => heading || document))].slice(0, SOURCES);
  const timed = turn !== null && spansOf(turn).length > 0;
  return (
    <li className={classes.line} data-who={line.who} data-final={line.final} data-timed={timed}>
      <span className={classes.who}>{t(line.who === "caller" ? "you" : "agent")}</span>
      <span className={classes.text} data-text>{line.text}</span>
      {turn?.interrupted === true || sources.length > 0 ? (
        <div className={classes.notes}>
          {turn?.interrupted === true ? <span>{t("interrupted")}</span> : null}
          {sources.length > 0 ? t("sources") : null}
          {sources.map((source) => (
            <span key={source}>{source}</span>
          ))}
        </div>
      ) : null}
      {turn ? <TurnTimes turn={turn} /> : null}
    </li>
  );
}
