"""Sarvam's classic speech-to-text socket, `/speech-to-text/ws`: one final an utterance, no partials
(docs.sarvam.ai, "Streaming Speech-to-Text").
"""

import asyncio
import base64
import binascii
import json
import time
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web

from callmissed.dev.errors import Refused, sarvam_error
from callmissed.dev.hearing import Hearing, SpeechEnded, SpeechStarted, Stretch
from callmissed.dev.sarvam_common import (
    MODES,
    STT_LANGUAGES,
    STT_MODELS,
    key_of,
    new_request_id,
    one_of,
    socket_error,
    worded,
)
from callmissed.dev.scenario import Ears
from callmissed.dev.sockets import Socket
from callmissed.dev.uses import Closing, Use, open_use
from callmissed.kit.pcm import Samples

PLACE = "sarvam.stt"
SENSITIVE_SILENCE_SHARE = 0.5
UNKNOWN = "unknown"
_WAV_HEADER_BYTES = 44


def routes(base: str) -> list[web.RouteDef]:
    return [web.get(base + "/speech-to-text/ws", listen)]


@worded
async def listen(request: web.Request) -> web.StreamResponse:
    """The whole life of one socket."""
    query = dict(request.query)
    use = await open_use(request, PLACE, key_of(request), query.get("model", "saaras:v3"), query)
    one_of(query.get("model", "saaras:v3"), STT_MODELS, "model")
    one_of(query.get("mode", "transcribe"), MODES, "mode")
    one_of(query.get("language-code", UNKNOWN), STT_LANGUAGES | {UNKNOWN}, "language-code")
    one_of(query.get("sample_rate", "16000"), frozenset(("8000", "16000")), "sample_rate")
    return await _Conversation(use).run()


class _Conversation:
    def __init__(self, use: Use) -> None:
        self._use = use
        self._query = use.request.query
        self._ears: Ears = use.simulation.scenario.ears
        self._rate_hz = int(self._query.get("sample_rate", "16000"))
        silence_ms = self._ears.silence_ms
        if self._query.get("high_vad_sensitivity") == "true":
            silence_ms *= SENSITIVE_SILENCE_SHARE
        self._hearing = Hearing(self._ears, self._rate_hz, silence_ms)
        self._socket = Socket(use, word_error)
        self._samples = 0
        self._finals = 0

    async def run(self) -> web.StreamResponse:
        return await self._socket.serve(self._read)

    async def _read(self) -> None:
        idle_s = self._use.simulation.scenario.idle_s
        while True:
            try:
                message = await self._socket.response.receive(timeout=idle_s)
            except TimeoutError:
                raise Closing(1000) from None
            if message.type is not WSMsgType.TEXT:
                return
            if await self._take(message.data):
                self._use.finish()
                return

    async def _take(self, text: str) -> bool:
        """True at the end of the stream."""
        try:
            message = json.loads(text)
            kind = message.get("type")
            if kind == "flush":
                if self._query.get("flush_signal") == "true" and self._ears.heeds_flush:
                    self._conclude(self._hearing.take(is_flush=True), is_end=False)
                return False
            if kind == "end_of_stream":
                self._conclude(self._hearing.take(is_flush=True), is_end=True)
                return True
            if kind == "config":
                return False
            sound = base64.b64decode(message["audio"]["data"], validate=True)
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
            await self._socket.send(socket_error("Invalid message", "invalid_request_error"))
            raise Closing(1003) from None
        await self._hear(_samples_of(sound))
        return False

    async def _hear(self, samples: Samples) -> None:
        before_ms = self._samples * 1000 // self._rate_hz
        self._samples += len(samples)
        heard_ms = self._samples * 1000 // self._rate_hz
        self._use.entry.amounts["audio_ms"] = heard_ms
        for event in self._hearing.push(samples):
            match event:
                case SpeechStarted():
                    await self._signal("START_SPEECH")
                case SpeechEnded():
                    self._conclude(self._hearing.take(is_flush=False), is_end=True)
        self._use.count(audio_ms=heard_ms - before_ms)

    def _conclude(self, stretch: Stretch | None, *, is_end: bool) -> None:
        """Sends the final, the end of speech where it is one, or both in the scenario's order."""
        text = stretch.text if stretch else ""
        if not text and (stretch or not is_end):
            text = self._ears.phantom
        order = self._ears.order
        is_final_first = order == "final_first" or (order == "alternating" and self._finals % 2)
        due_s = max(
            _now_s() + self._ears.processing_ms / 1000,
            _now_s() + (self._ears.final_after_ms - self._hearing.quiet_ms) / 1000,
        )
        if is_end and not is_final_first:
            self._put_signal("END_SPEECH", 0.0)
        if (text or (stretch and self._use.suffers("empty"))) and not self._use.suffers(
            "never_final"
        ):
            self._finals += 1
            self._socket.put(self._final(text, stretch), at_s=due_s)
        if is_end and is_final_first:
            self._put_signal("END_SPEECH", due_s)

    def _final(self, text: str, stretch: Stretch | None) -> dict[str, Any]:
        asked = self._query.get("language-code", UNKNOWN)
        heard = stretch.language if stretch else "en-IN"
        duration_ms = stretch.end_ms - stretch.start_ms if stretch else 0
        data = {
            "request_id": new_request_id(),
            "transcript": "" if self._use.suffers("empty") else text,
            "timestamps": None,
            "diarized_transcript": None,
            "language_code": heard if asked == UNKNOWN else asked,
            "language_probability": 0.97 if asked == UNKNOWN else None,
            "metrics": {
                "audio_duration": duration_ms / 1000,
                "processing_latency": self._ears.processing_ms / 1000,
            },
        }
        return {"type": "data", "data": data}

    async def _signal(self, signal: str) -> None:
        if self._query.get("vad_signals") == "true":
            await self._socket.send(_event(signal))

    def _put_signal(self, signal: str, at_s: float) -> None:
        if self._query.get("vad_signals") == "true":
            self._socket.put(_event(signal), at_s=at_s)


def _event(signal: str) -> dict[str, Any]:
    told = {"event_type": "vad", "signal_type": signal, "occured_at": round(time.time(), 3)}
    return {"type": "events", "data": told}


def word_error(refused: Refused) -> tuple[Any, int]:
    """Sarvam's error message on this socket, and the close code behind it."""
    _, body = sarvam_error(refused)
    return socket_error(body["error"]["message"], body["error"]["code"]), 1011


def _samples_of(sound: bytes) -> Samples:
    if sound.startswith(b"RIFF"):
        sound = sound[_WAV_HEADER_BYTES:]
    return np.frombuffer(sound[: len(sound) // 2 * 2], dtype="<i2").astype(np.int16)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
