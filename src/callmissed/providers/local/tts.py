"""Speech synthesis on this machine, a clause at a time (LiveKit Agents `tts.TTS`, 1.8)."""

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

    Not a stream in the framework's sense: a text is spoken at once, so whoever cuts the reply into
    clauses asks for each and knows which sound belongs to which words.

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
            capabilities=tts.TTSCapabilities(streaming=False),
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
    ) -> "LocalTTSSpeech":
        return LocalTTSSpeech(self, text, conn_options)

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


class LocalTTSSpeech(tts.ChunkedStream):
    """One text, spoken sentence by sentence; cancelled, it makes at most one clause more."""

    def __init__(self, owner: LocalTTS, text: str, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=owner, input_text=text, conn_options=conn_options)
        self._owner = owner

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        """Raises APIConnectionError when the engine fails."""
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=self._owner.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            frame_size_ms=50,
        )
        for clause in split_clauses(self._input_text):
            output_emitter.push(await self._sound_of(clause))
            output_emitter.flush()

    async def _sound_of(self, clause: str) -> bytes:
        gap_ms = SENTENCE_GAP_MS if _SENTENCE_END.search(clause) else CLAUSE_GAP_MS
        sound = await self._owner.speak(clause)
        return sound.tobytes() + silence(gap_ms, self._owner.sample_rate).tobytes()


def split_clauses(text: str) -> list[str]:
    """Sentences; long ones in pieces at their commas, the first in shorter ones: it sounds
    sooner.
    """
    pieces: list[str] = []
    for sentence in tokenize.blingfire.SentenceTokenizer(min_sentence_len=1).tokenize(text):
        limit = MAX_CLAUSE_CHARS if pieces else FIRST_CLAUSE_CHARS
        clause = ""
        for part in _CLAUSE_END.split(sentence):
            if clause and len(clause) + 1 + len(part) > limit:
                pieces.append(clause)
                clause, limit = part, MAX_CLAUSE_CHARS
            else:
                clause = f"{clause} {part}".strip()
        pieces.append(clause)
    return pieces
