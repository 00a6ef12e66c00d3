/** The WebRTC side of a call: microphone, room, the agent's sound and words. The only file that loads livekit-client. */
import {
  createLocalAudioTrack,
  type LocalAudioTrack,
  type Participant,
  type RemoteParticipant,
  type RemoteTrack,
  Room,
  RoomEvent,
  Track,
  TrackEvent,
  type TranscriptionSegment,
} from "livekit-client";

import type { Caption } from "./captions";
import type { AgentState } from "./state";

export type { LocalAudioTrack };

/** What a room tells a call; `onClosed` comes once, and only when it was not us who left. */
export interface RoomListener {
  onAgent(state: AgentState): void;
  onAgentTrack(track: MediaStreamTrack): void;
  onCaptions(captions: Caption[]): void;
  onReconnecting(now: boolean): void;
  onSoundBlocked(now: boolean): void;
  onClosed(): void;
}

export interface JoinedRoom {
  allowSound(): Promise<void>;
  leave(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 15_000;

/** livekit-agents announces its state under this attribute of the agent participant. */
const STATE_ATTRIBUTE = "lk.agent.state";
const STATES: Readonly<Record<string, AgentState>> = {
  initializing: "connecting",
  idle: "listening",
  listening: "listening",
  thinking: "thinking",
  speaking: "speaking",
};

/** Asks for the microphone. Raises what getUserMedia raises. */
export async function openMicrophone(onLost: () => void): Promise<LocalAudioTrack> {
  const track = await createLocalAudioTrack({ echoCancellation: true, noiseSuppression: true, autoGainControl: true });
  track.on(TrackEvent.Ended, onLost);
  return track;
}

/** Joins and publishes the microphone. Raises livekit's ConnectionError when no media can flow. */
export async function joinRoom(
  url: string,
  token: string,
  microphone: LocalAudioTrack,
  listener: RoomListener,
): Promise<JoinedRoom> {
  const room = new Room();
  let leaving = false;
  const leave = async (): Promise<void> => {
    leaving = true;
    await room.disconnect();
  };
  listen(room, listener);
  let joined = false;
  room.on(RoomEvent.Disconnected, () => {
    if (joined && !leaving) listener.onClosed();
  });
  try {
    await room.connect(url, token, {
      maxRetries: 1,
      peerConnectionTimeout: CONNECT_TIMEOUT_MS,
      websocketTimeout: CONNECT_TIMEOUT_MS,
    });
    await room.localParticipant.publishTrack(microphone, { source: Track.Source.Microphone });
  } catch (reason) {
    await leave();
    throw reason;
  }
  joined = true;
  for (const participant of room.remoteParticipants.values()) tellState(participant, listener);
  return { allowSound: () => room.startAudio(), leave };
}

function listen(room: Room, listener: RoomListener): void {
  room
    .on(RoomEvent.ParticipantConnected, (participant) => tellState(participant, listener))
    .on(RoomEvent.ParticipantAttributesChanged, (_changed, participant) => tellState(participant, listener))
    .on(RoomEvent.ParticipantDisconnected, (participant) => {
      if (participant.isAgent) listener.onAgent("away");
    })
    .on(RoomEvent.TrackSubscribed, (track: RemoteTrack) => {
      if (track.kind !== Track.Kind.Audio) return;
      const element = track.attach();
      element.hidden = true;
      document.body.appendChild(element);
      listener.onAgentTrack(track.mediaStreamTrack);
    })
    .on(RoomEvent.TrackUnsubscribed, (track: RemoteTrack) => {
      for (const element of track.detach()) element.remove();
    })
    .on(RoomEvent.TranscriptionReceived, (segments, participant) => {
      listener.onCaptions(segments.map((segment) => captionOf(segment, participant)));
    })
    .on(RoomEvent.SignalReconnecting, () => listener.onReconnecting(true))
    .on(RoomEvent.Reconnecting, () => listener.onReconnecting(true))
    .on(RoomEvent.Reconnected, () => listener.onReconnecting(false))
    .on(RoomEvent.AudioPlaybackStatusChanged, () => listener.onSoundBlocked(!room.canPlaybackAudio));
}

function tellState(participant: Participant | RemoteParticipant, listener: RoomListener): void {
  if (participant.isLocal || !participant.isAgent) return;
  listener.onAgent(STATES[participant.attributes[STATE_ATTRIBUTE] ?? ""] ?? "listening");
}

const captionOf = (segment: TranscriptionSegment, participant: Participant | undefined): Caption => ({
  id: segment.id,
  who: participant?.isLocal ? "caller" : "agent",
  text: segment.text,
  final: segment.final,
});
