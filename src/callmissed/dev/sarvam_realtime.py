"""Sarvam's realtime speech-to-text socket, `/speech-to-text-realtime/ws`, with partials
(docs.sarvam.ai, "Realtime Streaming").
"""

import asyncio
import base64
import json
from typing import Any

import numpy as np
from aiohttp import WSMessage, WSMsgType, web

from callmissed.dev.errors import Refused, sarvam_error
from callmissed.dev.hearing import Hearing, SpeechEnded, SpeechStarted, Stretch, WordHeard
from callmissed.dev.sarvam_common import (
    MODES,
    REALTIME_MODELS,
    STT_LANGUAGES,
    key_of,
    new_request_id,
    one_of,
    worded,
)
from callmissed.dev.scenario import Ears
from callmissed.dev.sockets import Socket
from callmissed.dev.uses import Closing, Use, open_use
from callmissed.kit.mulaw import decode_mulaw
from callmissed.kit.pcm import Samples

PLACE = "sarvam.realtime"
AUTO = "auto"
LANGUAGES = (STT_LANGUAGES - {"od-IN"}) | {"or-IN", AUTO}
ENCODINGS = frozenset(("linear16", "linear32", "mulaw"))
DEFAULT_SILENCE_MS = 500
IDLE_CLOSE = 1008
CONFIDENCE = 0.97
_CONFIGURABLE = frozenset(
    ("language_code", "mode", "stream_type", "prompt", "threshold", "silence_duration_ms")
)


def routes(base: str) -> list[web.RouteDef]:
    return [web.get(base + "/speech-to-text-realtime/ws", listen)]


@worded
async def listen(request: web.Request) -> web.StreamResponse:
    """The whole life of one socket."""
    query = dict(request.query)
    model = query.get("model", "saaras:v3-realtime")
    use = await open_use(request, PLACE, key_of(request), model, query)
    one_of(model, REALTIME_MODELS, "model")
    one_of(query.get("mode", "transcribe"), MODES, "mode")
    one_of(query.get("language_code", AUTO), LANGUAGES, "language_code")
    one_of(query.get("encoding", "linear16"), ENCODINGS, "encoding")
    one_of(query.get("sample_rate", "16000"), frozenset(("8000", "16000")), "sample_rate")
    one_of(query.get("endpointing", "vad"), frozenset(("vad", "manual")), "endpointing")
    stream_types = frozenset(("fast", "balanced", "simulated"))
    one_of(query.get("stream_type", "fast"), stream_types, "stream_type")
    return await _Conversation(use, query).run()


class _Conversation:
    def __init__(self, use: Use, config: dict[str, str]) -> None:
        self._use = use
        self._config = config
        self._ears: Ears = use.simulation.scenario.ears
        self._rate_hz = int(config.get("sample_rate", "16000"))
        self._is_manual = config.get("endpointing") == "manual"
        self._hearing = Hearing(self._ears, self._rate_hz, self._silence_ms())
        self._socket = Socket(use, word_error)
        self._samples = 0
        self._utterances = 0
        self._request_id = new_request_id()

    async def run(self) -> web.StreamResponse:
        return await self._socket.serve(self._read)

    async def _read(self) -> None:
        await self._tell("session.begin", request_id=self._request_id, config=self._config)
        idle_s = self._use.simulation.scenario.idle_s
        while True:
            try:
                message = await self._socket.response.receive(timeout=idle_s)
            except TimeoutError:
                raise Closing(IDLE_CLOSE) from None
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            if await self._take(message):
                self._use.finish()
                return

    async def _take(self, message: WSMessage) -> bool:
        """True at the end of the session."""
        if message.type is WSMsgType.BINARY:
            await self._hear(message.data)
            return False
        try:
            told = json.loads(message.data)
            event = told["event"]
            sound = base64.b64decode(told["audio"]) if event == "audio_input" else b""
        except (ValueError, KeyError, TypeError):
            await self._socket.send(_error("invalid_request_error", "Invalid message", 400))
            raise Closing(IDLE_CLOSE) from None
        match event:
            case "audio_input":
                await self._hear(sound)
            case "flush" | "speech_end" if self._ears.heeds_flush:
                self._conclude(self._hearing.take(is_flush=True))
            case "config.update":
                await self._update({key: told[key] for key in told if key in _CONFIGURABLE})
            case "ping":
                await self._tell("pong")
            case "end":
                self._conclude(self._hearing.take(is_flush=True))
                self._socket.put(self._session_end())
                return True
        return False

    async def _update(self, changes: dict[str, Any]) -> None:
        language = changes.get("language_code", AUTO)
        if language not in LANGUAGES:
            await self._socket.send(_error("invalid_request_error", "language_code", 400))
            return
        self._config |= changes
        self._hearing.silence_ms = self._silence_ms()
        await self._tell("config.updated", applied=sorted(changes))

    async def _hear(self, sound: bytes) -> None:
        samples = _samples_of(sound, self._config.get("encoding", "linear16"))
        before_ms = self._samples * 1000 // self._rate_hz
        self._samples += len(samples)
        heard_ms = self._samples * 1000 // self._rate_hz
        self._use.entry.amounts["audio_ms"] = heard_ms
        for event in self._hearing.push(samples):
            match event:
                case SpeechStarted() if not self._is_manual:
                    await self._tell_utterance("vad.speech_start", confidence=CONFIDENCE)
                case WordHeard(so_far):
                    due_s = _now_s() + self._ears.partial_after_ms / 1000
                    partial = {"text": so_far.text, "language": self._language(so_far.language)}
                    self._socket.put(self._told("transcript.partial", **partial), at_s=due_s)
                case SpeechEnded() if not self._is_manual:
                    self._socket.put(self._told("vad.speech_end", confidence=CONFIDENCE))
                    self._conclude(self._hearing.take(is_flush=False), is_end=True)
        self._use.count(audio_ms=heard_ms - before_ms)

    def _conclude(self, stretch: Stretch | None, *, is_end: bool = False) -> None:
        text = stretch.text if stretch else ""
        if not text and (stretch or not is_end):
            text = self._ears.phantom
        is_told = text or (stretch and self._use.suffers("empty"))
        if is_told and not self._use.suffers("never_final"):
            due_s = max(
                _now_s() + self._ears.processing_ms / 1000,
                _now_s() + (self._ears.final_after_ms - self._hearing.quiet_ms) / 1000,
            )
            self._socket.put(self._final(text, stretch), at_s=due_s)
            self._utterances += 1

    def _final(self, text: str, stretch: Stretch | None) -> dict[str, Any]:
        return self._told(
            "transcript.final",
            text="" if self._use.suffers("empty") else text,
            language=self._language(stretch.language if stretch else "en-IN"),
            language_confidence=CONFIDENCE if self._asked == AUTO else None,
            start_s=stretch.start_ms / 1000 if stretch else 0.0,
            end_s=stretch.end_ms / 1000 if stretch else 0.0,
        )

    def _session_end(self) -> dict[str, Any]:
        heard_s = self._use.entry.amounts.get("audio_ms", 0) / 1000
        return {
            "event": "session.end",
            "request_id": self._request_id,
            "total_duration_s": heard_s,
            "total_utterances": self._utterances,
            "audio_duration_s": heard_s,
        }

    @property
    def _asked(self) -> str:
        return self._config.get("language_code", AUTO)

    def _language(self, heard: str) -> str:
        """As this socket writes it: Odia is or-IN here."""
        return (heard if self._asked == AUTO else self._asked).replace("od-IN", "or-IN")

    def _silence_ms(self) -> float | None:
        if self._is_manual:
            return None
        told = self._config.get("silence_duration_ms")
        return float(told) if told else min(DEFAULT_SILENCE_MS, self._ears.silence_ms)

    def _told(self, event: str, **fields: Any) -> dict[str, Any]:
        return {"event": event, "utterance_idx": self._utterances, **fields}

    async def _tell(self, event: str, **fields: Any) -> None:
        await self._socket.send({"event": event, **fields})

    async def _tell_utterance(self, event: str, **fields: Any) -> None:
        await self._socket.send(self._told(event, **fields))


def word_error(refused: Refused) -> tuple[Any, int]:
    """Sarvam's error message on this socket, and the close code behind it."""
    status, body = sarvam_error(refused)
    error = body["error"]
    return _error(error["code"], error["message"], status), 1003 if status == 429 else 1011


def _error(code: str, message: str, status: int) -> dict[str, Any]:
    told = {"code": code, "is_fatal": True, "message": message, "status_code": status}
    return {"event": "error", **told}


def _samples_of(sound: bytes, encoding: str) -> Samples:
    if encoding == "mulaw":
        return decode_mulaw(sound)
    if encoding == "linear32":
        wide = np.frombuffer(sound[: len(sound) // 4 * 4], dtype="<i4")
        return np.asarray(wide >> 16, dtype=np.int16)
    return np.frombuffer(sound[: len(sound) // 2 * 2], dtype="<i2").astype(np.int16)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
