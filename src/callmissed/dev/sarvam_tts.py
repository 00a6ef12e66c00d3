"""Sarvam's text-to-speech sockets, `/text-to-speech/ws` and `/text-to-speech/ws/v2`
(docs.sarvam.ai, "Streaming Text-to-Speech").

Text waits until there are `min_buffer_size` characters of it, or a flush. A new config flushes.
There is no way to take text back but to close.
"""

import asyncio
import base64
import json
from typing import Any

from aiohttp import WSMsgType, web

from callmissed.dev.errors import Refused, sarvam_error
from callmissed.dev.sarvam_common import TTS_MODELS, key_of, new_request_id, one_of, worded
from callmissed.dev.sarvam_voices import RATES_HZ, VoiceConfig, read_config
from callmissed.dev.scenario import Mouth
from callmissed.dev.sockets import Socket
from callmissed.dev.speaking import coded, pieces_of, wav_header
from callmissed.dev.uses import Closing, Use, open_use

PLACE = "sarvam.tts"
MAX_TEXT_CHARS = 2500
_CONTENT_TYPES = {"linear16": "audio/x-raw", "mulaw": "audio/x-mulaw", "wav": "audio/wav"}


def routes(base: str) -> list[web.RouteDef]:
    return [
        web.get(base + "/text-to-speech/ws", speak),
        web.get(base + "/text-to-speech/ws/v2", speak),
    ]


@worded
async def speak(request: web.Request) -> web.StreamResponse:
    """The whole life of one socket."""
    query = dict(request.query)
    is_v2 = request.path.endswith("/v2")
    model = query.get("model", "bulbul:v4-flash" if is_v2 else "bulbul:v2")
    use = await open_use(request, PLACE, key_of(request), model, query)
    one_of(model, TTS_MODELS, "model")
    if is_v2 != (model == "bulbul:v4-flash"):
        raise Refused(None, f"{model} is served by another path", status=404)
    return await _Conversation(use, model).run()


class _Conversation:
    def __init__(self, use: Use, model: str) -> None:
        self._use = use
        self._model = model
        self._mouth: Mouth = use.simulation.scenario.mouth
        self._tells_end = use.request.query.get("send_completion_event") in ("true", "True")
        self._socket = Socket(use, word_error)
        self._config: VoiceConfig | None = None
        self._text = ""
        self._is_fresh = True
        self._request_id = new_request_id()

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
            try:
                self._take(message.data)
            except Refused as refused:
                status, body = sarvam_error(refused)
                self._socket.put(_error(f"{status}: {body['error']['message']}", status))
                self._socket.put_work(self._close)

    def _take(self, text: str) -> None:
        """Raises Refused for a message that this socket does not take."""
        try:
            message = json.loads(text)
            data = message.get("data") or {}
            match message["type"]:
                case "config":
                    self._flush()
                    self._config = read_config(data, data.get("model", self._model), RATES_HZ)
                    self._use.entry.messages.append(data)
                case "text":
                    self._add(data["text"])
                case "flush":
                    self._flush()
                    self._socket.put_work(self._complete)
                case "ping":
                    return
                case _:
                    raise Refused(None, "Unknown message", status=422)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refused(None, "Invalid message", status=422) from None

    def _add(self, text: str) -> None:
        if self._config is None:
            raise Refused(None, "The first message must be a config", status=422)
        if not 1 <= len(text) <= MAX_TEXT_CHARS:
            raise Refused(None, f"text must have 1 to {MAX_TEXT_CHARS} characters", status=422)
        self._use.entry.count("characters", len(text))
        self._use.entry.messages.append({"text": text, "language": self._config.language})
        self._text += text
        if len(self._text) >= self._config.min_buffer_size:
            whole, space, rest = self._text.rpartition(" ")
            self._text = rest if space else ""
            self._say(whole if space else rest)

    def _flush(self) -> None:
        text, self._text = self._text, ""
        if text.strip():
            self._say(text)

    def _say(self, text: str) -> None:
        config = self._config
        assert config is not None
        first_s = _now_s() + self._mouth.first_byte_ms / 1000

        async def say() -> None:
            await self._speak(text, config, first_s)

        self._socket.put_work(say)

    async def _speak(self, text: str, config: VoiceConfig, first_s: float) -> None:
        """Sends the sound, in time with the scenario: the first word of an utterance waits."""
        if self._use.suffers("empty"):
            return
        voicebox = self._use.simulation.voicebox
        sound = await voicebox.speak(self._mouth, text, config.language, config.rate_hz)
        head = b""
        if self._is_fresh:
            await asyncio.sleep(max(0.0, first_s - _now_s()))
            head = await self._begin(config)
        for piece in pieces_of(sound, config.rate_hz, self._mouth.chunk_ms):
            piece_ms = len(piece) * 1000 // config.rate_hz
            await asyncio.sleep(piece_ms * self._mouth.real_time_factor / 1000)
            if not await self._send_sound(head + coded(piece, config.codec), config, piece_ms):
                return
            head = b""

    async def _begin(self, config: VoiceConfig) -> bytes:
        """Sends the header, or returns it where it stands before the first sound."""
        self._is_fresh = False
        is_headed = config.codec == "wav" or (config.codec == "linear16" and self._mouth.heads_raw)
        if not is_headed:
            return b""
        header = wav_header(config.rate_hz)
        if self._mouth.header == "joined":
            return header
        await self._send_sound(header, config, 0)
        return b""

    async def _send_sound(self, sound: bytes, config: VoiceConfig, audio_ms: int) -> bool:
        data = {
            "content_type": _CONTENT_TYPES[config.codec],
            "audio": base64.b64encode(sound).decode(),
            "request_id": self._request_id,
        }
        is_sent = await self._socket.send({"type": "audio", "data": data}, audio_ms=audio_ms)
        if is_sent:
            self._use.entry.count("audio_ms", audio_ms)
        return is_sent

    async def _complete(self) -> None:
        self._is_fresh = True
        if self._use.suffers("never_final"):
            return
        self._use.finish()
        if self._tells_end:
            data = {"event_type": "final", "message": "Audio generated", "timestamp": ""}
            await self._socket.send({"type": "event", "data": data})

    async def _close(self) -> None:
        raise Closing(1000)


def word_error(refused: Refused) -> tuple[Any, int]:
    """Sarvam's error message on this socket, and the close code behind it."""
    status, body = sarvam_error(refused)
    return _error(body["error"]["message"], status), 1011


def _error(message: str, code: int) -> dict[str, Any]:
    data = {"message": message, "code": code, "details": {}, "request_id": new_request_id()}
    return {"type": "error", "data": data}


def _now_s() -> float:
    return asyncio.get_running_loop().time()
