"""The audio engines against the simulated server, closed again with nothing left behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from callmissed.domain.models import Access, Model, ModelStatus, Provider, Service
from callmissed.providers.connections import Connections
from callmissed.providers.openai.audio_stt import OpenAIAudioSTT
from callmissed.providers.openai.audio_tts import OpenAIAudioTTS
from tests.providers.metering import Counted


def model_of(service: Service, upstream: str, **options: Any) -> Model:
    return Model(
        id=f"own/{upstream}",
        service=service,
        provider="own",
        upstream=upstream,
        status=ModelStatus.AVAILABLE,
        languages=("en", "hi"),
        voices=("af_heart",),
        options=options,
    )


@asynccontextmanager
async def mouth(
    url: str,
    meter: Counted | None = None,
    *,
    key: str = "",
    is_guarded: bool = False,
    **options: Any,
) -> AsyncIterator[OpenAIAudioTTS]:
    access = Access(Provider("own", wire="openai", base_url=url, needs_key=False), key)
    async with _connections() as connections:
        voice = OpenAIAudioTTS(
            model_of(Service.TTS, "kokoro", **options),
            access,
            connections.guarded_session() if is_guarded else connections.session(),
            voice="af_heart",
            language="en-IN",
            meter=meter or Counted(),
        )
        try:
            yield voice
        finally:
            await voice.aclose()


@asynccontextmanager
async def ears(
    url: str, meter: Counted | None = None, *, key: str = "", **options: Any
) -> AsyncIterator[OpenAIAudioSTT]:
    access = Access(Provider("own", wire="openai", base_url=url, needs_key=False), key)
    async with _connections() as connections:
        listener = OpenAIAudioSTT(
            model_of(Service.STT, "whisper-1", **options),
            access,
            connections.session(),
            language="en-IN",
            meter=meter or Counted(),
        )
        try:
            yield listener
        finally:
            await listener.aclose()


@asynccontextmanager
async def _connections() -> AsyncIterator[Connections]:
    connections = Connections()
    before = asyncio.all_tasks()
    try:
        yield connections
    finally:
        await connections.aclose()
    assert not [task for task in asyncio.all_tasks() - before if "callmissed/prov" in repr(task)]
