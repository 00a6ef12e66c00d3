"""Speech to text by Sarvam: 23 languages, over either of its sockets (LiveKit Agents `stt.STT`,
1.8).
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Never

import aiohttp
from livekit import rtc
from livekit.agents import APIError, APIStatusError, stt, utils
from livekit.agents.types import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    NotGivenOr,
)
from livekit.agents.utils import AudioBuffer

from callmissed.domain.models import Access, Model, Service
from callmissed.domain.usage import Measure, Meter, Usage
from callmissed.kit.recent import Recent
from callmissed.providers.sarvam.stt_errors import REFUSED_CLOSE
from callmissed.providers.sarvam.stt_languages import classic_language, realtime_language
from callmissed.providers.sarvam.stt_options import read_listening_options
from callmissed.providers.sarvam.stt_socket import Socket, open_socket
from callmissed.providers.sarvam.stt_sound import SoundLog
from callmissed.providers.sarvam.stt_talk import KEEP_ALIVE_S, Talk
from callmissed.providers.sarvam.stt_wire import ClassicWire, RealtimeWire, Wire
from callmissed.providers.sarvam.stt_words import Dictation

REMEMBER_REFUSAL_S = 3600.0
MAX_OPENED_AHEAD_S = 30.0
NOT_FOR_THIS_ACCOUNT = (403, 404, REFUSED_CLOSE)
NOT_FOR_THIS_CALL = (400, 422)
NO_RETRY = APIConnectOptions(max_retry=0)


def wires_of(model: Model, language: str, *, is_telephone: bool = False) -> tuple[Wire, ...]:
    """How a model can be reached for a call in `language`, the best way first.

    `is_telephone`: the sound is 8 kHz and was µ-law; it goes to the realtime socket as it was.
    Raises ValueError for an option of the model that cannot be.
    """
    options = read_listening_options(model.options)
    rate_hz = 8_000 if is_telephone else 16_000
    wires: dict[str, Wire] = {
        "realtime": RealtimeWire(
            model="saaras:v3-realtime" if model.upstream == "saaras:v3" else model.upstream,
            language=realtime_language(language, may_change=options.may_change),
            rate_hz=rate_hz,
            is_mulaw=is_telephone,
            mode=options.mode,
            more=options.realtime,
        ),
        "classic": ClassicWire(
            model=model.upstream,
            language=classic_language(language, may_change=options.may_change),
            rate_hz=rate_hz,
            mode=options.mode,
            more=options.classic,
        ),
    }
    return tuple(wires[name] for name in options.sockets)


class SarvamSTT(stt.STT[Never]):
    """One object a session, over connections that the process shares.

    `wires` are tried in their order: where the server refuses one at the start, before anything was
    heard, the next takes all the sound. What the account may not use, `refused` remembers for an
    hour, for every call with the same owner's key. A server that stalls has refused nothing. There
    is no other retry: a failure is told to whoever listens. A flush asks for the words so far.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        access: Access,
        wires: Sequence[Wire],
        *,
        model_id: str,
        language: str,
        meter: Meter,
        refused: Recent,
        keep_alive_s: float = KEEP_ALIVE_S,
    ) -> None:
        super().__init__(capabilities=_capabilities(tells_partials=True))
        self._http = http
        self._access = access
        self._wires = tuple(wires)
        self._model_id = model_id
        self._meter = meter
        self._refused = refused
        self._opening: asyncio.Task[Socket] | None = None
        self.language = language
        self.keep_alive_s = keep_alive_s

    @property
    def model(self) -> str:
        return self._model_id

    @property
    def provider(self) -> str:
        return self._access.provider.name

    @property
    def capabilities(self) -> stt.STTCapabilities:
        """Of the socket that the next stream opens, as far as it is known by now."""
        return _capabilities(tells_partials=isinstance(self.usable_wires()[0], RealtimeWire))

    @property
    def accepts_mulaw(self) -> bool:
        """Whether the telephone's own bytes can be sent on (`wires_of`, `is_telephone`)."""
        return isinstance(self.usable_wires()[0], RealtimeWire)

    def prewarm(self) -> None:
        """Opens the socket that the next stream takes, unless one waits already."""
        if self._opening is None:
            wire = self.usable_wires()[0]
            self._opening = asyncio.create_task(open_socket(self._http, self._access, wire))

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "SarvamSTTStream":
        """`language` is what words are marked with that the server names none for. There is no
        retry, whatever `conn_options` say.
        """
        return SarvamSTTStream(self, language if isinstance(language, str) else self.language)

    async def aclose(self) -> None:
        """Closes a socket that was opened ahead and never used; streams close their own."""
        opening, self._opening = self._opening, None
        if opening is not None:
            await _drop(opening)

    def usable_wires(self) -> tuple[Wire, ...]:
        """The wires without those that the owner of the key was refused lately; the last stays."""
        usable = [wire for wire in self._wires if not self._refused.left_s(self._place(wire))]
        return tuple(usable) or self._wires[-1:]

    def remember_refusal(self, wire: Wire) -> None:
        self._refused.add(self._place(wire), REMEMBER_REFUSAL_S)

    def count_ms(self, sound_ms: int) -> None:
        self._meter.add(Usage(Service.STT, self._model_id, Measure.AUDIO_MS, sound_ms))

    async def take_socket(self, wire: Wire) -> Socket:
        """One that was opened ahead for this wire and still lives, else a new one. Raises APIError."""
        opening, self._opening = self._opening, None
        if opening is not None:
            try:
                if not opening.done() or _is_fresh(opening, wire):
                    socket = await opening
                    if socket.wire == wire:
                        return socket
            except asyncio.CancelledError:
                await _drop(opening)
                raise
            await _drop(opening)
        return await open_socket(self._http, self._access, wire)

    def _place(self, wire: Wire) -> tuple[str, str, str]:
        return (self._access.owner, self._access.provider.base_url, wire.path)

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise APIError("recognition of whole recordings goes through stream()", retryable=False)


class SarvamSTTStream(stt.RecognizeStream):
    """One caller's sound, until its end or the first failure."""

    def __init__(self, owner: SarvamSTT, language: str) -> None:
        super().__init__(stt=owner, conn_options=NO_RETRY)
        self._owner = owner
        self._language = language
        self._kept: list[rtc.AudioFrame | None] | None = []

    async def _run(self) -> None:
        wires = self._owner.usable_wires()
        refused: list[Wire] = []
        for wire in wires[:-1]:
            try:
                await self._listen(wire)
            except APIStatusError as refusal:
                if self._kept is None:
                    raise
                if refusal.status_code in NOT_FOR_THIS_ACCOUNT:
                    refused.append(wire)
                elif refusal.status_code not in NOT_FOR_THIS_CALL:
                    raise
            else:
                return
        await self._listen(wires[-1], is_last=True, refused=refused)

    async def _listen(
        self, wire: Wire, *, is_last: bool = False, refused: Sequence[Wire] = ()
    ) -> None:
        socket = await self._owner.take_socket(wire)
        for other in refused:
            self._owner.remember_refusal(other)
        sound = SoundLog(wire.rate_hz)
        talk = Talk(
            socket,
            sound,
            Dictation(sound, self._language, self._start_time_offset),
            emit=self._emit,
            count_ms=self._owner.count_ms,
            on_begin=self._keep_no_more,
            keep_alive_s=self._owner.keep_alive_s,
        )
        await talk.run(self._heard(is_last=is_last))

    async def _heard(self, *, is_last: bool) -> AsyncGenerator[rtc.AudioFrame | None, None]:
        """The sound from its beginning, kept while the socket may still refuse to hear it."""
        kept = self._kept or []
        if is_last:
            self._kept = None
        for item in tuple(kept):
            yield item
        async for read in self._input_ch:
            item = read if isinstance(read, rtc.AudioFrame) else None
            if self._kept is not None:
                self._kept.append(item)
            yield item

    def _keep_no_more(self) -> None:
        self._kept = None

    def _emit(self, event: stt.SpeechEvent) -> None:
        if not self._event_ch.closed:
            self._event_ch.send_nowait(event)


def _capabilities(*, tells_partials: bool) -> stt.STTCapabilities:
    return stt.STTCapabilities(
        streaming=True, interim_results=tells_partials, offline_recognize=False, manual_flush=True
    )


def _is_fresh(opened: asyncio.Task[Socket], wire: Wire) -> bool:
    if opened.cancelled() or opened.exception() is not None:
        return False
    socket = opened.result()
    return socket.is_open and socket.wire == wire and socket.age_s < MAX_OPENED_AHEAD_S


async def _drop(opening: asyncio.Task[Socket]) -> None:
    """Nobody needs it: cancelled while it opens, closed when it is open."""
    await utils.aio.cancel_and_wait(opening)
    if not opening.cancelled() and opening.exception() is None:
        await opening.result().aclose()
