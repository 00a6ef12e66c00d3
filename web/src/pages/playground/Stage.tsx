import { Button } from "@mantine/core";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";

import { HangUpIcon, MicrophoneIcon, PhoneIcon } from "../../ui/icons";
import type { Call } from "../../voice/call";
import { type CallState, isRunning } from "../../voice/state";
import { Level } from "./Level";
import classes from "./Stage.module.css";
import { Timer } from "./Timer";

interface StageProps {
  call: Call;
  state: CallState;
  /** null while there is nothing to call. */
  onTalk: (() => void) | null;
}

/** The one big thing of the page: Talk, and while talking what the agent is doing. */
export function Stage({ call, state, onTalk }: StageProps) {
  const { t } = useTranslation("playground");
  const shown = shownState(state);
  const running = isRunning(state);
  return (
    <div className={classes.stage} data-state={shown} data-running={running}>
      {running ? <AgentOrb call={call} /> : <TalkButton again={state.phase === "ended"} onTalk={onTalk} />}
      <div className={classes.state} role="status">
        {t(`state_${shown}`)}
        {shown === "microphone" ? <span className={classes.hint}>{t("state_microphone_hint")}</span> : null}
      </div>
      {running ? <Controls call={call} state={state} /> : null}
    </div>
  );
}

function shownState(state: CallState) {
  if (state.phase !== "talking") return state.phase;
  return state.reconnecting ? "reconnecting" : state.agent;
}

function TalkButton({ again, onTalk }: { again: boolean; onTalk: (() => void) | null }) {
  const { t } = useTranslation("playground");
  return (
    <div className={classes.orb}>
      <div className={classes.halo} />
      <button type="button" className={classes.core} disabled={onTalk === null} onClick={onTalk ?? undefined}>
        <PhoneIcon size={34} />
        {t(again ? "talk_again" : "talk")}
      </button>
    </div>
  );
}

function AgentOrb({ call }: { call: Call }) {
  const read = useCallback(() => call.level("agent"), [call]);
  return (
    <Level className={classes.orb} read={read}>
      <div className={classes.halo} />
      <div className={classes.core}>
        <div className={classes.bars}>
          <i />
          <i />
          <i />
          <i />
          <i />
        </div>
      </div>
    </Level>
  );
}

function Controls({ call, state }: { call: Call; state: CallState }) {
  const { t } = useTranslation("playground");
  const read = useCallback(() => call.level("caller"), [call]);
  return (
    <>
      {state.soundBlocked ? <Button onClick={call.allowSound}>{t("hear")}</Button> : null}
      <div className={classes.row}>
        <MicrophoneIcon size={18} />
        {t("your_microphone")}
        <Level className={classes.meter} read={read}>
          <i />
        </Level>
      </div>
      {state.joinedAt === null ? null : (
        <Timer since={state.joinedAt} limitS={Number(state.session?.config.max_duration_seconds)} />
      )}
      <Button color="var(--stop-button)" c="white" size="md" leftSection={<HangUpIcon size={20} />} onClick={call.end}>
        {t("end")}
      </Button>
    </>
  );
}
