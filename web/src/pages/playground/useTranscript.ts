import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { getSession, readTurns } from "../../api/sessions";
import type { Session, Turn } from "../../api/types";
import { isRunning, type CallState } from "../../voice/state";
import { isWhole } from "../../voice/turns";

const LIVE_POLL_MS = 2000;
const AFTER_POLL_MS = 700;
/** A turn reaches the store shortly after it was spoken; how often it is looked for after the end. */
const AFTER_POLLS = 25;

export interface Transcript {
  turns: readonly Turn[];
  session: Session | undefined;
  /** False while the last turns of an ended call may still be on their way. */
  whole: boolean;
  failed: boolean;
}

/** The stored turns of a call: looked for during it, gathered to the last after it. */
export function useTranscript(call: CallState): Transcript {
  const id = call.session?.id ?? "";
  const live = isRunning(call);
  const asked = useQuery({
    queryKey: ["transcript", id, live],
    enabled: id !== "" && (call.joinedAt !== null || !live),
    queryFn: async () => {
      const session = live ? undefined : await getSession(id);
      return { session, turns: await readTurns(id) };
    },
    placeholderData: (before, query) => (query?.queryKey[1] === id ? before : undefined),
    refetchInterval: ({ state }) => {
      if (live) return LIVE_POLL_MS;
      const whole = isWhole(state.data?.session, state.data?.turns ?? []);
      return whole || state.dataUpdateCount >= AFTER_POLLS ? false : AFTER_POLL_MS;
    },
  });
  const { refetch } = asked;
  const finals = call.lines.filter((line) => line.final).length;
  useEffect(() => {
    if (live && finals > 0) void refetch();
  }, [finals, live, refetch]);
  const turns = asked.data?.turns ?? [];
  const session = asked.data?.session;
  return { turns, session, whole: isWhole(session, turns), failed: asked.isError };
}
