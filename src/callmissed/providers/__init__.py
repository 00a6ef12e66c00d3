"""Everyone outside whom we call: speech and language models, the LiveKit server, carriers,
customers' URLs.

The engines are imported when they are first needed: a process that only reads the catalogue loads
none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from callmissed.domain.knowledge import Passage
from callmissed.domain.models import Route

if TYPE_CHECKING:
    from livekit.agents import llm, stt, tts

    from callmissed.providers.local.decoders import DecoderPool
    from callmissed.providers.local.voices import Voices


@dataclass(frozen=True, slots=True)
class Models:
    """The three models of one session; never shared between sessions."""

    stt: stt.STT[Any]
    llm: llm.LLM[Any]
    tts: tts.TTS[Any]


class Warm:
    """What the sessions of one process share below their models: speech decoders and synthesis
    engines.

    Make one a process, `await open()` before the first session, `await aclose()` after the last.
    """

    def __init__(self, *, ready_decoders: int = 2, max_decoders: int = 8) -> None:
        self._ready_decoders = ready_decoders
        self._max_decoders = max_decoders
        self._decoders: DecoderPool | None = None
        self._voices: Voices | None = None

    async def open(self) -> None:
        """Afterwards a first utterance and a first sentence cost no more than any later one.

        Raises RuntimeError where the machine has no synthesis engine at all or no decoder starts.
        """
        from callmissed.providers.local.decoders import DecoderPool
        from callmissed.providers.local.voices import Voices

        self._voices = Voices()
        self._decoders = DecoderPool(ready=self._ready_decoders, limit=self._max_decoders)
        await self._voices.open()
        await self._decoders.open()

    async def aclose(self) -> None:
        """Ends the decoder processes and the synthesis thread; open sessions hear nothing more."""
        if self._decoders is not None:
            await self._decoders.aclose()
        if self._voices is not None:
            await self._voices.aclose()

    @property
    def decoders(self) -> DecoderPool:
        if self._decoders is None:
            raise RuntimeError("Warm was not opened.")
        return self._decoders

    @property
    def voices(self) -> Voices:
        if self._voices is None:
            raise RuntimeError("Warm was not opened.")
        return self._voices


def build_models(route: Route, warm: Warm, passages: Sequence[Passage] = ()) -> Models:
    """Fresh objects for one session over what `warm` shares.

    `route` names models that this installation can run; raises LookupError for one it has no code
    for. `passages` are what the call is likely to be about.
    """
    from callmissed.providers.local.answerer import ExtractiveLLM
    from callmissed.providers.local.stt import LocalSTT
    from callmissed.providers.local.tts import LocalTTS

    for model in (route.stt, route.llm, route.tts):
        if model.provider != "local":
            raise LookupError(f"No code here serves the model {model.id!r} of {model.provider!r}.")
    return Models(
        stt=LocalSTT(
            warm.decoders,
            language=route.language,
            about=[f"{passage.heading} {passage.text}" for passage in passages],
        ),
        llm=ExtractiveLLM(),
        tts=LocalTTS(
            warm.voices, model=route.tts.upstream, voice=route.voice, language=route.tts_language
        ),
    )
