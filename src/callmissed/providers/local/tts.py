"""Speech synthesis on this machine, a clause at a time (LiveKit Agents `tts.TTS`, 1.8)."""

import asyncio
import re
from typing import Never

from livekit.agents import APIConnectionError, tokenize, tts, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions

from callmissed.kit.pcm import Samples, silence
from callmissed.providers.local.voices import Voices

RATE_HZ = 24_000
MAX_CLAUSE_CHARS = 160
FIRST_CLAUSE_CHARS = 60
SENTENCE_GAP_MS = 120
CLAUSE_GAP_MS = 40

_CLAUSE_END = re.compile(r"(?<=[,;:])\s+")
_SENTENCE_END = re.compile(r"[.!?।॥…]['\")\]]*$")


class LocalTTS(tts.TTS[Never]):
    """flite for English, espeak-ng for the rest and where flite is missing; one object a session.

    `model` is the engine wished for ("flite", "espeak-ng"), `voice` one of flite's, `language` a
    BCP-47 tag.
    """

    def __init__(
        self,
        voices: Voices,
        *,
        model: str = "flite",
        voice: str = "slt",
        language: str = "en",
        sample_rate: int = RATE_HZ,
    ) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True),
            sample_rate=sample_rate,
            num_channels=1,
        )
        self._voices = voices
        self._model = model
        self._voice = voice
        self._language = language

    @property
    def model(self) -> str:
        return self._model

    @property
    def provider(self) -> str:
        return "local"

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return self._synthesize_with_stream(text, conn_options=conn_options)

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "LocalTTSStream":
        return LocalTTSStream(self, conn_options)

    async def speak(self, text: str) -> Samples:
        """One clause as samples of this object's rate. Raises APIConnectionError when the engine
        fails.
        """
        try:
            return await self._voices.speak(
                text,
                engine=self._model,
                voice=self._voice,
                language=self._language,
                rate_hz=self.sample_rate,
            )
        except (RuntimeError, TimeoutError) as error:
            raise APIConnectionError(f"speech synthesis failed: {error}") from error


class LocalTTSStream(tts.SynthesizeStream):
    """Speaks each sentence as soon as it is whole, and what is left at a flush."""

    def __init__(self, owner: LocalTTS, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=owner, conn_options=conn_options)
        self._owner = owner

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=self._owner.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            frame_size_ms=50,
            stream=True,
        )
        output_emitter.start_segment(segment_id=utils.shortuuid())
        sentences = tokenize.blingfire.SentenceTokenizer(min_sentence_len=1).stream()
        reading = asyncio.create_task(self._read_input(sentences))
        try:
            is_first = True
            async for sentence in sentences:
                for clause in split_clauses(sentence.token, is_first=is_first):
                    self._mark_started()
                    output_emitter.push(await self._sound_of(clause))
                    is_first = False
            output_emitter.end_segment()
        finally:
            await utils.aio.cancel_and_wait(reading)
            await sentences.aclose()

    async def _read_input(self, sentences: tokenize.SentenceStream) -> None:
        async for item in self._input_ch:
            if isinstance(item, str):
                sentences.push_text(item)
            else:
                sentences.flush()
        sentences.end_input()

    async def _sound_of(self, clause: str) -> bytes:
        gap_ms = SENTENCE_GAP_MS if _SENTENCE_END.search(clause) else CLAUSE_GAP_MS
        sound = await self._owner.speak(clause)
        return sound.tobytes() + silence(gap_ms, self._owner.sample_rate).tobytes()


def split_clauses(sentence: str, *, is_first: bool) -> list[str]:
    """A long sentence in pieces at its commas; the first of a reply in shorter ones, so that it
    sounds sooner.
    """
    limit = FIRST_CLAUSE_CHARS if is_first else MAX_CLAUSE_CHARS
    pieces: list[str] = []
    for part in _CLAUSE_END.split(sentence):
        if pieces and len(pieces[-1]) + 1 + len(part) <= (
            limit if len(pieces) == 1 else MAX_CLAUSE_CHARS
        ):
            pieces[-1] = f"{pieces[-1]} {part}"
        else:
            pieces.append(part)
    return pieces
