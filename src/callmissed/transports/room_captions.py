"""Captions of a LiveKit room, in both forms that clients read.

`livekit-client` raises `RoomEvent.TranscriptionReceived` from the transcription packet; newer
clients read text
streams on the topic `lk.transcription` (attributes `lk.segment_id`, `lk.transcription_final`,
`lk.transcribed_track_id`) and say so by client protocol 3. The agent's state is its attribute
`lk.agent.state`.
"""

import asyncio
import logging
from dataclasses import dataclass

from livekit import rtc

from callmissed.domain.lines import AgentState, Party

TOPIC = "lk.transcription"
STATE_ATTRIBUTE = "lk.agent.state"
SEGMENT_ATTRIBUTE = "lk.segment_id"
FINAL_ATTRIBUTE = "lk.transcription_final"
TRACK_ATTRIBUTE = "lk.transcribed_track_id"
STREAMS_PROTOCOL = 3
SEND_TIMEOUT_S = 2.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caption:
    party: Party
    segment_id: str
    text: str
    is_final: bool


class RoomCaptions:
    """Sends captions in order, one at a time; of a segment that waits, only its newest text."""

    def __init__(self, room: rtc.Room, caller_identity: str) -> None:
        self._room = room
        self._caller_identity = caller_identity
        self._waiting: dict[str, Caption] = {}
        self._state: AgentState | None = None
        self._wake = asyncio.Event()
        self._open: rtc.TextStreamWriter | None = None
        self._open_id = ""
        self._open_text = ""
        self._sending = asyncio.create_task(self._send_all(), name="send captions")

    def show_words(self, party: Party, segment_id: str, text: str, *, is_final: bool) -> None:
        self._waiting[segment_id] = Caption(party, segment_id, text, is_final)
        self._wake.set()

    def show_state(self, state: AgentState) -> None:
        self._state = state
        self._wake.set()

    async def aclose(self) -> None:
        """What was shown before is sent, if the room still takes it."""
        self._sending.cancel()
        await asyncio.wait([self._sending])
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._send_waiting()
        except Exception as error:
            logger.info("the last captions were not sent: %s", type(error).__name__)

    async def _send_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._send_waiting()
            except Exception as error:
                logger.warning("a caption was not sent: %s", type(error).__name__)

    async def _send_waiting(self) -> None:
        while (self._state is not None or self._waiting) and self._room.isconnected():
            if self._state is not None:
                state, self._state = self._state, None
                await self._room.local_participant.set_attributes({STATE_ATTRIBUTE: state.value})
            if self._waiting:
                caption = self._waiting.pop(next(iter(self._waiting)))
                await self._send_packet(caption)
                await self._send_stream(caption)

    async def _send_packet(self, caption: Caption) -> None:
        if not self._some_client_needs_packets():
            return
        segment = rtc.TranscriptionSegment(
            id=caption.segment_id,
            text=caption.text,
            start_time=0,
            end_time=0,
            language="",
            final=caption.is_final,
        )
        packet = rtc.Transcription(
            participant_identity=self._identity(caption.party),
            track_sid=self._track_sid(caption.party),
            segments=[segment],
        )
        await self._room.local_participant.publish_transcription(packet)

    async def _send_stream(self, caption: Caption) -> None:
        """The caller's text is a stream for each version, the agent's one stream that grows."""
        if caption.party is Party.CALLER:
            writer = await self._open_stream(caption, is_final=caption.is_final)
            await writer.write(caption.text)
            await writer.aclose()
            return
        if self._open_id != caption.segment_id:
            await self._close_stream()
            self._open = await self._open_stream(caption, is_final=False)
            self._open_id, self._open_text = caption.segment_id, ""
        if self._open is not None and len(caption.text) > len(self._open_text):
            await self._open.write(caption.text[len(self._open_text) :])
            self._open_text = caption.text
        if caption.is_final:
            await self._close_stream()

    async def _open_stream(self, caption: Caption, *, is_final: bool) -> rtc.TextStreamWriter:
        return await self._room.local_participant.stream_text(
            topic=TOPIC,
            sender_identity=self._identity(caption.party),
            attributes={
                SEGMENT_ATTRIBUTE: caption.segment_id,
                FINAL_ATTRIBUTE: "true" if is_final else "false",
                TRACK_ATTRIBUTE: self._track_sid(caption.party),
            },
        )

    async def _close_stream(self) -> None:
        writer, self._open = self._open, None
        segment_id, self._open_id = self._open_id, ""
        if writer is not None:
            await writer.aclose(
                attributes={
                    SEGMENT_ATTRIBUTE: segment_id,
                    FINAL_ATTRIBUTE: "true",
                    TRACK_ATTRIBUTE: self._track_sid(Party.AGENT),
                }
            )

    def _some_client_needs_packets(self) -> bool:
        """The SDK has no public way to ask a participant's client protocol."""
        return any(
            participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
            and participant._info.client_protocol < STREAMS_PROTOCOL
            for participant in self._room.remote_participants.values()
        )

    def _identity(self, party: Party) -> str:
        if party is Party.AGENT:
            return self._room.local_participant.identity
        return self._caller_identity

    def _track_sid(self, party: Party) -> str:
        """The microphone track of that side; empty while there is none."""
        participant: rtc.Participant | None = self._room.local_participant
        if party is Party.CALLER:
            participant = self._room.remote_participants.get(self._caller_identity)
        if participant is None:
            return ""
        for publication in participant.track_publications.values():
            if publication.source == rtc.TrackSource.SOURCE_MICROPHONE:
                return publication.sid
        return ""
