"""Text to speech over `POST /audio/speech` (OpenAI API reference, "Create speech"): OpenAI, or a
server of one's own, as Kokoro-FastAPI or openedai-speech.

A model's options are `audio_options.SpeechOptions`.
"""

import asyncio
import json
from typing import Any, Never

import aiohttp
from livekit.agents import APIConnectionError, APIError, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions

from callmissed.domain.models import Access, Model, Service
from callmissed.domain.usage import Measure, Meter, Usage
from callmissed.kit.wav import SoundFormat
from callmissed.providers.openai.audio_http import AudioEndpoint
from callmissed.providers.openai.audio_options import LEAST_SPEED, MOST_SPEED, SpeechOptions
from callmissed.providers.openai.chat_http import connection_errors
from callmissed.providers.options import read_options
from callmissed.providers.piece_sound import PieceSound

FIRST_SOUND_TIMEOUT_S = 3.0
NEXT_SOUND_TIMEOUT_S = 2.0
RATE_HZ = 24_000
# Sound that is not asked for and cannot be read.
COMPRESSED = ("audio/mpeg", "audio/mp3", "audio/ogg", "audio/opus", "audio/aac", "audio/flac")


class OpenAIAudioTTS(tts.TTS[Never]):
    """One call's voice, over the connections of the process; its sound is mono of 24 kHz."""

    def __init__(
        self,
        model: Model,
        access: Access,
        session: aiohttp.ClientSession,
        *,
        voice: str,
        language: str,
        meter: Meter,
    ) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=RATE_HZ,
            num_channels=1,
        )
        self._served = model
        self._access = access
        self._options = read_options(SpeechOptions, model.options)
        self._voices = {**self._options.language_voices, _bare(language): voice}
        self._voice = voice
        self._language = _bare(language)
        self._meter = meter
        self._endpoint = AudioEndpoint(session, access, self._options.path)

    @property
    def model(self) -> str:
        return self._served.id

    @property
    def provider(self) -> str:
        return self._access.provider.name

    @property
    def endpoint(self) -> AudioEndpoint:
        return self._endpoint

    @property
    def raw_format(self) -> SoundFormat:
        return SoundFormat(self._options.rate_hz)

    def set_language(self, language: str) -> bool:
        """The next piece is spoken in it; False, and nothing changes, where the model does not
        speak it.
        """
        if not self._served.speaks(language):
            return False
        self._language = _bare(language)
        return True

    def prewarm(self) -> None:
        """Begins to open a connection."""
        self._endpoint.open_ahead()

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "OpenAIAudioSpeech":
        return OpenAIAudioSpeech(self, text, self._compose(text), conn_options)

    def count(self, characters: int) -> None:
        """Tells the meter what was sent to be spoken."""
        self._meter.add(Usage(Service.TTS, self._served.id, Measure.CHARACTERS, characters))

    async def aclose(self) -> None:
        await self._endpoint.aclose()

    def _compose(self, text: str) -> bytes:
        options = self._options
        body: dict[str, Any] = {
            "model": self._served.upstream,
            "input": text,
            "voice": self._voices.get(self._language, self._voice),
            "response_format": options.response_format,
        }
        if options.speed is not None:
            body["speed"] = min(max(options.speed, LEAST_SPEED), MOST_SPEED)
        if options.language_field:
            body[options.language_field] = self._language
        return json.dumps({**body, **options.body}, ensure_ascii=False).encode()


class OpenAIAudioSpeech(tts.ChunkedStream):
    """One piece, by one request. Cancelled or failed, it closes its connection.

    After the first sound an error is not retryable: the piece would be heard from its start again.
    """

    def __init__(
        self, owner: OpenAIAudioTTS, text: str, body: bytes, conn_options: APIConnectOptions
    ) -> None:
        super().__init__(tts=owner, input_text=text, conn_options=conn_options)
        self._owner = owner
        self._body = body

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        """Raises APIStatusError, APIConnectionError, APITimeoutError."""
        sound = PieceSound(output_emitter, self._owner.raw_format, RATE_HZ)
        if not self._input_text.strip():
            return
        try:
            with connection_errors():
                await self._speak(sound)
        except APIError as error:
            error.retryable = error.retryable and not sound.has_sounded
            raise

    async def _speak(self, sound: PieceSound) -> None:
        loop = asyncio.get_running_loop()
        post = self._owner.endpoint.post
        async with (
            asyncio.timeout(FIRST_SOUND_TIMEOUT_S) as due,
            post(self._body, "application/json", due, self._count) as answer,
        ):
            _check_sound(answer)
            async for chunk in answer.content.iter_any():
                if sound.push(chunk):
                    due.reschedule(loop.time() + NEXT_SOUND_TIMEOUT_S)
            if sound.is_torn and not _tells_its_end(answer):
                raise APIConnectionError("the provider's sound broke off")
        sound.end()

    def _count(self) -> None:
        self._owner.count(len(self._input_text))


def _check_sound(answer: aiohttp.ClientResponse) -> None:
    kind = answer.content_type
    if kind in COMPRESSED or not (kind.startswith("audio/") or kind == "application/octet-stream"):
        raise APIConnectionError(f"the provider answered {kind[:40]} where sound was asked for")


def _tells_its_end(answer: aiohttp.ClientResponse) -> bool:
    """False where an answer ends with its connection: then one that broke off looks like a whole
    one.
    """
    is_chunked = "chunked" in answer.headers.get("Transfer-Encoding", "").lower()
    return is_chunked or "Content-Length" in answer.headers


def _bare(language: str) -> str:
    return language.split("-")[0].lower()
