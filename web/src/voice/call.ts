/** One call at a time, from the press of Talk to its end: asks, joins, follows, leaves. */
import { endSession, getSession, isOver, createSession } from "../api/sessions";
import type { CreatedSession, Session, SessionRequest } from "../api/types";
import { type CallFailure, endFailure, failureOf, microphoneFailure, requestFailure } from "./failures";
import { type Level, measureLevel, SILENCE } from "./level";
import type { JoinedRoom, LocalAudioTrack, RoomListener } from "./room";
import { type CallState, follow, type Happening, IDLE, isRunning } from "./state";

/** How long the room may be without an agent before the call is given up. */
const AGENT_WAIT_MS = 20_000;
/** How long the server may take to note an end by itself before we ask for it, or ask why. */
const END_WAIT_MS = 3_000;
const POLL_MS = 500;

type RoomModule = Pick<typeof import("./room"), "openMicrophone" | "joinRoom">;

/** What one press of Talk holds; it is over first, so that every late answer is thrown away. */
interface Attempt {
  ended: boolean;
  microphone: LocalAudioTrack | null;
  room: JoinedRoom | null;
  session: CreatedSession | null;
  context: AudioContext | null;
  levels: { caller: Level; agent: Level };
  agentTimer: ReturnType<typeof setTimeout> | undefined;
}

export class Call {
  private state: CallState = IDLE;
  private attempt: Attempt | null = null;
  private readonly listeners = new Set<() => void>();

  readonly current = (): CallState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** 0 to 1, measured at this moment. */
  readonly level = (who: "caller" | "agent"): number => this.attempt?.levels[who].read() ?? 0;

  /** Resolves when the caller is in the room or the call has failed; never raises. */
  readonly talk = async (request: SessionRequest): Promise<void> => {
    if (isRunning(this.state)) return;
    this.happen({ what: "begun" });
    const attempt = newAttempt();
    this.attempt = attempt;
    const failure = await this.open(attempt, request);
    if (isOff(attempt)) release(attempt);
    else if (failure) this.finish(attempt, failure);
  };

  /** The person hangs up. */
  readonly end = (): void => {
    const { attempt } = this;
    if (!attempt || isOff(attempt)) return;
    const { session } = attempt;
    this.finish(attempt, null);
    if (session) void makeSureItEnded(session.id);
  };

  readonly dismiss = (): void => this.happen({ what: "dismissed" });

  /** After a press: browsers play no sound before one. */
  readonly allowSound = (): void => {
    void this.attempt?.context?.resume();
    void this.attempt?.room?.allowSound();
  };

  private async open(attempt: Attempt, request: SessionRequest): Promise<CallFailure | null> {
    if (!window.isSecureContext) return failureOf("insecure_context");
    let room: RoomModule;
    try {
      room = await import("./room");
    } catch {
      return failureOf("server_unreachable");
    }
    if (isOff(attempt)) return null;
    attempt.context = new AudioContext();
    try {
      attempt.microphone = await room.openMicrophone(() => this.lose(attempt));
    } catch (reason) {
      return microphoneFailure(reason);
    }
    if (isOff(attempt)) return null;
    attempt.levels.caller = measureLevel(attempt.context, attempt.microphone.mediaStreamTrack);
    this.happen({ what: "microphone_open" });
    try {
      attempt.session = await createSession(request);
    } catch (reason) {
      return requestFailure(reason);
    }
    if (isOff(attempt)) {
      void endSession(attempt.session.id).catch(() => undefined);
      return null;
    }
    this.happen({ what: "created", session: attempt.session });
    return this.join(attempt, attempt.session, attempt.microphone, room);
  }

  private async join(
    attempt: Attempt,
    session: CreatedSession,
    microphone: LocalAudioTrack,
    { joinRoom }: RoomModule,
  ): Promise<CallFailure | null> {
    this.waitForAgent(attempt);
    try {
      attempt.room = await joinRoom(session.ws_url, session.token, microphone, this.listenerOf(attempt));
    } catch {
      if (isOff(attempt)) return null;
      const ended = await whyEnded(session.id, 0).catch(() => null);
      void endSession(session.id).catch(() => undefined);
      return (ended && endFailure(ended.end_reason)) ?? failureOf("room_unreachable");
    }
    if (isOff(attempt)) return null;
    this.happen({ what: "joined", at: Date.now() });
    return null;
  }

  private listenerOf(attempt: Attempt): RoomListener {
    const whileOn =
      <T>(tell: (value: T) => void) =>
      (value: T): void => {
        if (!isOff(attempt)) tell(value);
      };
    return {
      onAgent: whileOn((state) => {
        if (state === "away") this.waitForAgent(attempt);
        else clearTimeout(attempt.agentTimer);
        this.happen({ what: "agent", state });
      }),
      onAgentTrack: whileOn((track) => {
        attempt.levels.agent.close();
        if (attempt.context) attempt.levels.agent = measureLevel(attempt.context, track);
      }),
      onCaptions: whileOn((captions) => this.happen({ what: "captions", captions })),
      onReconnecting: whileOn((now) => this.happen({ what: "reconnecting", now })),
      onSoundBlocked: whileOn((now) => this.happen({ what: "sound_blocked", now })),
      onClosed: () => void this.explainClosing(attempt),
    };
  }

  private waitForAgent(attempt: Attempt): void {
    clearTimeout(attempt.agentTimer);
    attempt.agentTimer = setTimeout(() => {
      if (isOff(attempt)) return;
      this.finish(attempt, failureOf("agent_missing"));
      if (attempt.session) void endSession(attempt.session.id).catch(() => undefined);
    }, AGENT_WAIT_MS);
  }

  /** The room closed and it was not us: the session knows why. */
  private async explainClosing(attempt: Attempt): Promise<void> {
    if (isOff(attempt) || !attempt.session) return;
    this.happen({ what: "reconnecting", now: true });
    try {
      const session = await whyEnded(attempt.session.id, END_WAIT_MS);
      this.finish(attempt, session ? endFailure(session.end_reason) : failureOf("room_lost"));
    } catch (reason) {
      this.finish(attempt, requestFailure(reason));
    }
  }

  private lose(attempt: Attempt): void {
    if (!isOff(attempt)) this.happen({ what: "warned", failure: failureOf("microphone_lost") });
  }

  private finish(attempt: Attempt, failure: CallFailure | null): void {
    if (isOff(attempt)) return;
    attempt.ended = true;
    release(attempt);
    this.happen({ what: "ended", at: Date.now(), failure });
  }

  private happen(happening: Happening): void {
    this.state = follow(this.state, happening);
    for (const listener of this.listeners) listener();
  }
}

const isOff = (attempt: Attempt): boolean => attempt.ended;

function newAttempt(): Attempt {
  return {
    ended: false,
    microphone: null,
    room: null,
    session: null,
    context: null,
    levels: { caller: SILENCE, agent: SILENCE },
    agentTimer: undefined,
  };
}

function release(attempt: Attempt): void {
  clearTimeout(attempt.agentTimer);
  void attempt.room?.leave();
  attempt.microphone?.stop();
  attempt.levels.caller.close();
  attempt.levels.agent.close();
  if (attempt.context && attempt.context.state !== "closed") void attempt.context.close();
}

/** The session once it has ended, or null when it goes on after `waitMs`. Raises ApiFailure. */
async function whyEnded(sessionId: string, waitMs: number): Promise<Session | null> {
  const until = Date.now() + waitMs;
  for (;;) {
    const session = await getSession(sessionId);
    if (isOver(session)) return session;
    if (Date.now() >= until) return null;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Leaving the room ends the session; where that is not seen in time, it is ended by its id. */
async function makeSureItEnded(sessionId: string): Promise<void> {
  try {
    if (!(await whyEnded(sessionId, END_WAIT_MS))) await endSession(sessionId);
  } catch {
    // The server's own deadlines end what we could not.
  }
}
