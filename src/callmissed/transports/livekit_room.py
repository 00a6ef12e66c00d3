"""A LiveKit room as the line of a call: one caller, our agent, sound both ways, captions."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from urllib.parse import urlsplit

from livekit import rtc

from callmissed.domain.lines import (
    CallerHere,
    CallerLeft,
    CallerLost,
    LineBroken,
    LineClosed,
    LineEnd,
    LineMended,
    LineNews,
)
from callmissed.transports.paced_output import PacedOutput
from callmissed.transports.room_captions import RoomCaptions
from callmissed.transports.room_events import hear_own_events
from callmissed.transports.room_input import RoomInput

CONNECT_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 3.0
STUN_PORT = 3478
LOOPBACK = "127.0.0.1"
ROOM_RATES_HZ = (8000, 16000, 24000, 48000)
DEFAULT_RATE_HZ = 24000
SOURCE_QUEUE_MS = 1000
"""More than the output's lead, so that handing a chunk over never waits."""

HUNG_UP = frozenset(
    {
        rtc.DisconnectReason.CLIENT_INITIATED,
        rtc.DisconnectReason.PARTICIPANT_REMOVED,
        rtc.DisconnectReason.USER_REJECTED,
    }
)
"""Of the caller: they left, or were put out, and nobody expects them back."""

ENDS = {
    rtc.DisconnectReason.DUPLICATE_IDENTITY: LineEnd.OVERTAKEN,
    rtc.DisconnectReason.PARTICIPANT_REMOVED: LineEnd.CLOSED,
    rtc.DisconnectReason.ROOM_DELETED: LineEnd.CLOSED,
    rtc.DisconnectReason.ROOM_CLOSED: LineEnd.CLOSED,
}
"""Of ourselves; for any other reason the way to the room is lost."""

logger = logging.getLogger(__name__)


class RoomLine:
    """Connect it once; `news` says what happens; close it always.

    Only the participant with the caller's identity is heard and counts as the caller.
    """

    def __init__(self, *, caller_identity: str, tts_rate_hz: int) -> None:
        self._caller_identity = caller_identity
        self._room = rtc.Room()
        self._news: asyncio.Queue[LineNews] = asyncio.Queue()
        self._watching: asyncio.Task[None] | None = None
        self._is_closed = False
        self.sound_in = RoomInput()
        rate_hz = room_rate_hz(tts_rate_hz)
        self._source = rtc.AudioSource(rate_hz, 1, queue_size_ms=SOURCE_QUEUE_MS)
        self.sound_out = PacedOutput(rate_hz, self._source)
        self.captions = RoomCaptions(self._room, caller_identity)
        self._room.on("participant_connected", self._note_joined)
        self._room.on("participant_disconnected", self._note_gone)
        self._room.on("track_subscribed", self._note_track)
        self._room.on("track_unsubscribed", self._note_track_gone)
        self._room.on("reconnecting", lambda: self._news.put_nowait(LineBroken()))
        self._room.on("reconnected", lambda: self._news.put_nowait(LineMended()))
        self._room.on("disconnected", self._note_disconnected)

    @property
    def playhead(self) -> PacedOutput:
        return self.sound_out

    async def connect(self, url: str, token: str) -> None:
        """Joins and publishes the agent's track. Raises ConnectionError when the room takes us not
        in."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._room.connect(url, token, _room_options(url))
                hear_own_events(self._room)
                publication = await self._publish()
        except Exception as error:
            raise ConnectionError(f"the room was not joined: {error}") from error
        self._watching = asyncio.create_task(self._wait_for_ears(publication), name="await ears")

    async def news(self) -> AsyncIterator[LineNews]:
        """What happens on the line, in order; ends with `LineClosed`."""
        while True:
            item = await self._news.get()
            yield item
            if isinstance(item, LineClosed):
                return

    async def aclose(self) -> None:
        """Afterwards the room is left and no task of the line is running."""
        self._is_closed = True
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        await self.captions.aclose()
        await self.sound_in.aclose()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._room.disconnect()
        except Exception as error:
            logger.warning("the room was not left in order: %s", type(error).__name__)
        await self.sound_out.aclose()

    async def _publish(self) -> rtc.LocalTrackPublication:
        track = rtc.LocalAudioTrack.create_audio_track("agent", self._source)
        options = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=True, red=True
        )
        return await self._room.local_participant.publish_track(track, options)

    async def _wait_for_ears(self, publication: rtc.LocalTrackPublication) -> None:
        """The caller is there for us when they hear the track, not before."""
        await publication.wait_for_subscription()
        self.sound_out.open_ears()
        if self._caller_identity in self._room.remote_participants:
            self._news.put_nowait(CallerHere())

    def _note_joined(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._caller_identity and self._has_ears():
            self._news.put_nowait(CallerHere())

    def _note_gone(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity != self._caller_identity:
            return
        left = participant.disconnect_reason in HUNG_UP
        self._news.put_nowait(CallerLeft() if left else CallerLost())

    def _note_track(
        self,
        track: rtc.Track,
        _publication: rtc.RemoteTrackPublication,
        participant: rtc.RemoteParticipant,
    ) -> None:
        is_audio = track.kind == rtc.TrackKind.KIND_AUDIO
        if is_audio and participant.identity == self._caller_identity:
            self.sound_in.listen_to(track)

    def _note_track_gone(
        self,
        track: rtc.Track,
        _publication: rtc.RemoteTrackPublication,
        participant: rtc.RemoteParticipant,
    ) -> None:
        if participant.identity == self._caller_identity:
            self.sound_in.stop_listening(track)

    def _note_disconnected(self, reason: rtc.DisconnectReason.ValueType) -> None:
        if not self._is_closed:
            name = rtc.DisconnectReason.Name(reason)
            end = ENDS.get(reason, LineEnd.LOST)
            self._news.put_nowait(LineClosed(f"the room ended: {name}", end))

    def _has_ears(self) -> bool:
        return self._watching is not None and self._watching.done()


def room_rate_hz(tts_rate_hz: int) -> int:
    """The voice's own rate where WebRTC takes it, so that nothing is resampled on the way."""
    return tts_rate_hz if tts_rate_hz in ROOM_RATES_HZ else DEFAULT_RATE_HZ


def _room_options(url: str) -> rtc.RoomOptions:
    """Ice servers given by address keep the server's STUN host names, and a DNS thread for each,
    away."""
    return rtc.RoomOptions(
        auto_subscribe=True,
        rtc_config=rtc.RtcConfiguration(
            ice_servers=[rtc.IceServer(urls=list(_stun_addresses(url)))],
            continual_gathering_policy=rtc.ContinualGatheringPolicy.GATHER_ONCE,
        ),
    )


def _stun_addresses(url: str) -> Iterable[str]:
    host = urlsplit(url).hostname or LOOPBACK
    is_address = host.replace(".", "").isdigit()
    yield f"stun:{host if is_address else LOOPBACK}:{STUN_PORT}"
