"""A caller in a real room: speaks recorded words over WebRTC, keeps what they hear and read."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import numpy as np
from livekit import api, rtc
from numpy.typing import NDArray

from callmissed.domain.sessions import AGENT_IDENTITY, CALLER_IDENTITY

RATE_HZ = 16000
FRAME = RATE_HZ // 50
HEARD_PEAK = 400


@dataclass(frozen=True, slots=True)
class Tokens:
    room: str
    caller: str
    agent: str


@asynccontextmanager
async def fresh_room(url: str, key: str, secret: str) -> AsyncIterator[Tokens]:
    """A room that exists for one test, with the tokens that the API would mint."""
    name = f"voice-{uuid4().hex}"
    async with api.LiveKitAPI(url.replace("ws", "http", 1), key, secret) as server:
        await server.room.create_room(
            api.CreateRoomRequest(name=name, empty_timeout=60, departure_timeout=20)
        )
        try:
            yield Tokens(name, _caller_token(name, key, secret), _agent_token(name, key, secret))
        finally:
            with suppress(api.ServerError):
                await server.room.delete_room(api.DeleteRoomRequest(room=name))


def _caller_token(room: str, key: str, secret: str) -> str:
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=True,
        can_subscribe=True,
        can_publish_data=False,
        can_publish_sources=["microphone"],
    )
    return _token(key, secret, CALLER_IDENTITY, grants).to_jwt()


def _agent_token(room: str, key: str, secret: str) -> str:
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=True,
        can_subscribe=True,
        can_publish_data=True,
        can_update_own_metadata=True,
        agent=True,
    )
    return _token(key, secret, AGENT_IDENTITY, grants).with_kind("agent").to_jwt()


def _token(key: str, secret: str, identity: str, grants: api.VideoGrants) -> api.AccessToken:
    token = api.AccessToken(key, secret).with_identity(identity).with_grants(grants)
    return token.with_ttl(timedelta(minutes=5))


class RoomCaller:
    """Join, say, listen, leave. All instants are monotonic seconds."""

    def __init__(self) -> None:
        self.room = rtc.Room()
        self._source = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=100)
        self._left = np.zeros(0, np.int16)
        self._spoken = asyncio.Event()
        self._more = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.onset_s = 0.0
        self.end_s = 0.0
        self.heard: list[tuple[float, float, NDArray[np.int16]]] = []
        self.packets: list[tuple[str, str, str, bool]] = []
        self.streams: list[tuple[str, dict[str, str], str]] = []
        self.states: list[str] = []

    async def join(self, url: str, token: str) -> None:
        self.room.on("track_subscribed", self._listen)
        self.room.on("transcription_received", self._read_packet)
        self.room.on("participant_attributes_changed", self._read_state)
        self.room.register_text_stream_handler("lk.transcription", self._read_stream)
        await self.room.connect(url, token)
        track = rtc.LocalAudioTrack.create_audio_track("mic", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await self.room.local_participant.publish_track(track, options)
        self._tasks.append(asyncio.create_task(self._talk()))

    async def say(self, pcm: NDArray[np.int16]) -> None:
        """Returns when the last of it was handed to WebRTC."""
        self._spoken.clear()
        self.onset_s = 0.0
        self._left = pcm
        await self._spoken.wait()

    async def until(self, wanted: Callable[["RoomCaller"], bool], within_s: float = 20.0) -> None:
        async with asyncio.timeout(within_s):
            while not wanted(self):
                self._more.clear()
                await self._more.wait()

    def first_heard_after(self, instant_s: float) -> float | None:
        """When the first audible sample arrived after that instant."""
        for begins_s, _, pcm in self.heard:
            loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > HEARD_PEAK)
            if begins_s > instant_s and len(loud):
                return begins_s + loud[0] / RATE_HZ
        return None

    def last_heard(self) -> float:
        """When the last audible sample arrived."""
        for begins_s, _, pcm in reversed(self.heard):
            loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > HEARD_PEAK)
            if len(loud):
                return begins_s + loud[-1] / RATE_HZ
        return 0.0

    def finals(self, identity: str) -> list[str]:
        """Final texts of the packets, one for each segment."""
        return [text for who, _, text, is_final in self.packets if who == identity and is_final]

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks.clear()
        await self.room.disconnect()

    async def _talk(self) -> None:
        while True:
            frame = np.zeros(FRAME, np.int16)
            chunk, self._left = self._left[:FRAME], self._left[FRAME:]
            frame[: len(chunk)] = chunk
            if len(chunk):
                starts_s = time.monotonic() + self._source.queued_duration
                self.onset_s = self.onset_s or starts_s
                self.end_s = starts_s + len(chunk) / RATE_HZ
            await self._source.capture_frame(rtc.AudioFrame(frame.tobytes(), RATE_HZ, 1, FRAME))
            if len(chunk) and not len(self._left):
                self._spoken.set()

    def _listen(self, track: rtc.Track, *_: object) -> None:
        self._tasks.append(asyncio.create_task(self._hear(track)))

    async def _hear(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1)
        try:
            async for event in stream:
                now_s = time.monotonic()
                pcm = np.frombuffer(event.frame.data, np.int16)
                self.heard.append((now_s - len(pcm) / RATE_HZ, now_s, pcm))
                self._more.set()
        finally:
            await stream.aclose()

    def _read_packet(
        self,
        segments: list[rtc.TranscriptionSegment],
        participant: rtc.Participant | None,
        _publication: object,
    ) -> None:
        who = participant.identity if participant else ""
        self.packets += [(who, part.id, part.text, part.final) for part in segments]
        self._more.set()

    def _read_stream(self, reader: rtc.TextStreamReader, identity: str) -> None:
        self._tasks.append(asyncio.create_task(self._keep_stream(reader, identity)))

    async def _keep_stream(self, reader: rtc.TextStreamReader, identity: str) -> None:
        text = await reader.read_all()
        self.streams.append((identity, dict(reader.info.attributes or {}), text))
        self._more.set()

    def _read_state(self, changed: dict[str, str], _participant: object) -> None:
        if "lk.agent.state" in changed:
            self.states.append(changed["lk.agent.state"])
            self._more.set()
