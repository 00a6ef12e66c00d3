"""One call's Sarvam voice in a test, closed again with nothing left behind."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from livekit.agents import APIConnectOptions, APIError, APITimeoutError

from callmissed.domain.models import Access, Service
from callmissed.providers.catalog import load_catalog
from callmissed.providers.connections import Connections
from callmissed.providers.sarvam import tts as engine
from callmissed.providers.sarvam import tts_sockets
from callmissed.providers.sarvam.tts import SarvamTTS
from tests.providers.metering import Counted

ONCE = APIConnectOptions(max_retry=0)
KEY = "secret-key-4711"
TEXT = "We are open from nine in the morning to six in the evening on every day but Sunday."
RATE_HZ = 24_000


@asynccontextmanager
async def speaking(
    url: str,
    meter: Counted | None = None,
    *,
    model_id: str = "bulbul:v3",
    voice: str = "shubh",
    key: str = KEY,
    **options: Any,
) -> AsyncIterator[SarvamTTS]:
    catalog = load_catalog()
    model = catalog.find(Service.TTS, model_id)
    assert model is not None
    connections = Connections()
    speaker = SarvamTTS(
        replace(model, options={**model.options, **options}),
        Access(replace(catalog.need_provider("sarvam"), base_url=url), key),
        connections.session(),
        voice=voice,
        language="en-IN",
        meter=meter or Counted(),
    )
    before = asyncio.all_tasks()
    try:
        yield speaker
    finally:
        await speaker.aclose()
        await connections.aclose()
    assert not [task for task in asyncio.all_tasks() - before if "callmissed/prov" in repr(task)]


async def spoken(voice: SarvamTTS, text: str = TEXT) -> bytes:
    async with asyncio.timeout(20):
        return bytes((await voice.synthesize(text, conn_options=ONCE).collect()).data)


async def failure(voice: SarvamTTS, text: str = TEXT) -> APIError:
    """The error, which repeats neither key nor text."""
    with pytest.raises(APIError) as caught:
        await spoken(voice, text)
    assert KEY not in f"{caught.value} {caught.value!r}"
    assert text not in f"{caught.value} {caught.value!r}"
    return caught.value


def assert_told(error: APIError, told: type[APIError]) -> None:
    """A timeout is a kind of connection error, but not the other way round."""
    assert isinstance(error, told)
    assert isinstance(error, APITimeoutError) == (told is APITimeoutError)


@contextmanager
def deadlines_for(told: type[APIError]) -> Iterator[None]:
    """Short ones where a deadline is what ends the wait."""
    with pytest.MonkeyPatch.context() as patch:
        if told is APITimeoutError:
            patch.setattr(engine, "FIRST_SOUND_TIMEOUT_S", 0.3)
            patch.setattr(engine, "NEXT_SOUND_TIMEOUT_S", 0.1)
            patch.setattr(tts_sockets, "OPEN_TIMEOUT_S", 0.3)
            patch.setattr(tts_sockets, "CLOSE_TIMEOUT_S", 0.1)
        yield
