"""Which code serves which model: one line a wire format and service."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from livekit.agents import llm, stt, tts

from callmissed.domain.knowledge import Passage
from callmissed.domain.models import Access, Model, Route, SpareVoice
from callmissed.domain.usage import Meter
from callmissed.providers import Warm


@dataclass(frozen=True, slots=True)
class Parts:
    """What the engines of one call are made of, besides their model and the way to reach it."""

    route: Route
    warm: Warm
    passages: Sequence[Passage]
    meter: Meter


def build_stt(model: Model, access: Access, parts: Parts) -> stt.STT[Any]:
    """Raises LookupError where no code here speaks the provider's format."""
    match access.provider.wire:
        case "local":
            from callmissed.providers.local.stt import LocalSTT

            about = [f"{passage.heading} {passage.text}" for passage in parts.passages]
            return LocalSTT(parts.warm.decoders, language=parts.route.language, about=about)
        case "openai":
            from callmissed.providers.openai.audio_stt import OpenAIAudioSTT

            return OpenAIAudioSTT(
                model,
                access,
                session_for(access, parts.warm),
                language=parts.route.language,
                meter=parts.meter,
            )
        case "sarvam":
            from callmissed.providers.sarvam.stt import SarvamSTT, wires_of

            return SarvamSTT(
                session_for(access, parts.warm),
                access,
                wires_of(model, parts.route.language),
                model_id=model.id,
                language=parts.route.language,
                meter=parts.meter,
                refused=parts.warm.refused,
            )
    raise _no_code(model)


def build_llm(model: Model, access: Access, parts: Parts) -> llm.LLM[Any]:
    """Raises LookupError where no code here speaks the provider's format."""
    match access.provider.wire:
        case "local":
            from callmissed.providers.local.answerer import ExtractiveLLM

            return ExtractiveLLM()
        case "openai" | "sarvam":
            from callmissed.providers.openai.chat import ChatLLM

            session = session_for(access, parts.warm)
            return ChatLLM(model, access, session=session, meter=parts.meter)
    raise _no_code(model)


def build_tts(spoken: SpareVoice, access: Access, parts: Parts) -> tts.TTS[Any]:
    """Raises LookupError where no code here speaks the provider's format."""
    match access.provider.wire:
        case "local":
            from callmissed.providers.local.tts import LocalTTS

            return LocalTTS(
                parts.warm.voices,
                model=spoken.model.upstream,
                voice=spoken.voice,
                language=parts.route.tts_language,
            )
        case "sarvam":
            from callmissed.providers.sarvam.tts import SarvamTTS

            return SarvamTTS(
                spoken.model,
                access,
                session_for(access, parts.warm),
                voice=spoken.voice,
                language=parts.route.tts_language,
                meter=parts.meter,
            )
        case "openai":
            from callmissed.providers.openai.audio_tts import OpenAIAudioTTS

            return OpenAIAudioTTS(
                spoken.model,
                access,
                session_for(access, parts.warm),
                voice=spoken.voice,
                language=parts.route.tts_language,
                meter=parts.meter,
            )
    raise _no_code(spoken.model)


def session_for(access: Access, warm: Warm) -> aiohttp.ClientSession:
    """The connections by which this access may be used."""
    return warm.connections.session_of(access)


def _no_code(model: Model) -> LookupError:
    return LookupError(f"No code here serves the model {model.id!r} of {model.provider!r}.")
