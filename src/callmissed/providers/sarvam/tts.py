"""Sarvam's text to speech, a piece of an answer at a time (LiveKit Agents `tts.TTS`, 1.8).

A model's options are `tts_options.VoiceOptions`.
"""

import asyncio
from dataclasses import replace
from typing import Never

import aiohttp
from livekit.agents import APIError, APIStatusError, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions

from callmissed.domain.models import Access, Model, Service
from callmissed.domain.usage import Measure, Meter, Usage
from callmissed.kit.wav import SoundFormat
from callmissed.providers.options import read_options
from callmissed.providers.piece_sound import PieceSound
from callmissed.providers.sarvam.tts_options import VoiceOptions
from callmissed.providers.sarvam.tts_sockets import SocketEndedError, SpeechSocket, SpeechSockets
from callmissed.providers.sarvam.tts_wire import (
    FLUSH,
    Final,
    Sound,
    SpeechConfig,
    cut_text,
    text_message,
)

FIRST_SOUND_TIMEOUT_S = 2.0
NEXT_SOUND_TIMEOUT_S = 2.0
RATES_HZ = (8_000, 16_000, 22_050, 24_000)
ROOM_RATE_HZ = 24_000
PHONE_RATE_HZ = 8_000


class SarvamTTS(tts.TTS[Never]):
    """One call's voice: pieces of text become sound over sockets that are open before they are
    needed.

    `language` is BCP-47, `voice` an id of the model in any case. A voice that the vendor withdrew
    is replaced by the first of the same gender that is left.
    """

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
        options = read_options(VoiceOptions, model.options)
        self._config = choose_config(model, options, voice, language)
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=self._config.rate_hz,
            num_channels=1,
        )
        self._served = model
        self._access = access
        self._meter = meter
        self._sockets = SpeechSockets(
            session,
            access.provider.base_url.rstrip("/") + options.path,
            {"model": model.upstream, "send_completion_event": "true"},
            {access.provider.key_header: access.provider.key_prefix + access.key},
        )

    @property
    def model(self) -> str:
        return self._served.id

    @property
    def provider(self) -> str:
        return self._access.provider.name

    @property
    def sockets(self) -> SpeechSockets:
        return self._sockets

    def set_language(self, language: str) -> bool:
        """The next piece is spoken in it; False, and nothing changes, where the model does not
        speak it.
        """
        spoken = wire_language(language)
        if not any(self._served.speaks(tag) for tag in (language, *_tags_of(spoken))):
            return False
        self._config = replace(self._config, language=spoken)
        return True

    def prewarm(self) -> None:
        """Begins to open a socket."""
        self._sockets.open_ahead(self._config)

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "SarvamSpeech":
        return SarvamSpeech(self, text, self._config, conn_options)

    def count(self, characters: int) -> None:
        """Tells the meter what was sent to be spoken."""
        self._meter.add(Usage(Service.TTS, self._served.id, Measure.CHARACTERS, characters))

    async def aclose(self) -> None:
        """Closes every socket."""
        await self._sockets.aclose()


class SarvamSpeech(tts.ChunkedStream):
    """One piece, over one socket. Cancelled or failed, it drops its socket.

    It begins again, once, where a socket that had waited for it turns out to have ended meanwhile.
    After the first sound an error is not retryable: the piece would be heard from its start again.
    A text counts as spoken where it was sent and neither refused nor answered by the socket's end.
    """

    def __init__(
        self, owner: SarvamTTS, text: str, config: SpeechConfig, conn_options: APIConnectOptions
    ) -> None:
        super().__init__(tts=owner, input_text=text, conn_options=conn_options)
        self._owner = owner
        self._config = config
        self._is_taken = False

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        """Raises APIStatusError, APIConnectionError, APITimeoutError."""
        rate_hz = self._config.rate_hz
        raw = SoundFormat(rate_hz, is_mulaw=self._config.codec == "mulaw")
        sound = PieceSound(output_emitter, raw, rate_hz)
        if not self._input_text.strip():
            return
        self._is_taken = False
        try:
            try:
                await self._speak(sound)
            except _StaleSocketError:
                await self._speak(sound)
        except APIError as error:
            error.retryable = error.retryable and not sound.has_sounded
            raise
        finally:
            if self._is_taken:
                self._owner.count(len(self._input_text))

    async def _speak(self, sound: PieceSound) -> None:
        async with self._owner.sockets.lend(self._config) as socket:
            try:
                await self._send(socket)
                await self._hear(socket, sound)
            except APIStatusError:
                self._is_taken = sound.has_sounded
                raise
            except SocketEndedError as error:
                self._is_taken = self._is_taken and not socket.is_unheard
                if socket.has_waited and socket.is_unheard:
                    raise _StaleSocketError("the socket had ended while it waited") from error
                raise

    async def _send(self, socket: SpeechSocket) -> None:
        await socket.configure(self._config)
        for part in cut_text(self._input_text):
            await socket.send(text_message(part))
        await socket.send(FLUSH)
        self._is_taken = True

    async def _hear(self, socket: SpeechSocket, sound: PieceSound) -> None:
        """Returns with the piece's final; messages without sound are no sign of life."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + FIRST_SOUND_TIMEOUT_S
        while True:
            match await socket.receive(due_s - loop.time()):
                case Sound(data=data):
                    if sound.push(data):
                        due_s = loop.time() + NEXT_SOUND_TIMEOUT_S
                case Final():
                    sound.end()
                    return


class _StaleSocketError(SocketEndedError):
    """Nothing was said."""


def choose_config(model: Model, options: VoiceOptions, voice: str, language: str) -> SpeechConfig:
    """How a model is asked to speak, within what the server takes."""
    usual_hz = PHONE_RATE_HZ if options.codec == "mulaw" else ROOM_RATE_HZ
    wanted_hz = options.rate_hz or usual_hz
    return SpeechConfig(
        model=model.upstream,
        language=wire_language(language),
        speaker=choose_speaker(model, voice),
        rate_hz=min(RATES_HZ, key=lambda rate_hz: abs(rate_hz - wanted_hz)),
        codec=options.codec,
        pace=None if options.pace is None else min(max(options.pace, 0.5), 2.0),
        temperature=(
            None if options.temperature is None else min(max(options.temperature, 0.01), 1.0)
        ),
        min_buffer_size=min(max(options.min_buffer_size, 30), 200),
        max_chunk_length=min(max(options.max_chunk_length, 50), 500),
    )


def choose_speaker(model: Model, voice: str) -> str:
    """The voice as the server knows it; one of the same gender for one that it dropped."""
    speaker = voice.lower()
    if speaker not in model.deprecated_voices:
        return speaker
    is_female = speaker in model.female_voices
    left = [
        other
        for other in model.voices
        if other not in model.deprecated_voices and (other in model.female_voices) == is_female
    ]
    return left[0] if left else speaker


def wire_language(language: str) -> str:
    """BCP-47 as Sarvam writes it for speech: every language in its form of India, Odia as `od`."""
    primary = language.replace("_", "-").split("-")[0].lower()
    return "od-IN" if primary == "or" else f"{primary}-IN"


def _tags_of(spoken: str) -> tuple[str, ...]:
    return (spoken, "or-IN") if spoken == "od-IN" else (spoken,)
