"""One call's voice against the simulated Sarvam: what it delivers is heard and counted, and every
way in which it fails is an error in time that leaves nothing behind.
"""

import asyncio
import random
from dataclasses import replace

import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from callmissed.dev.faults import Fault, Kind, Unit
from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import SWIFT
from callmissed.dev.speaking import rendered
from callmissed.domain.models import Service
from callmissed.providers.catalog import load_catalog
from callmissed.providers.sarvam.tts import SarvamTTS
from tests.providers.metering import Counted
from tests.providers.sarvam.voices import (
    ONCE,
    RATE_HZ,
    TEXT,
    assert_told,
    deadlines_for,
    failure,
    speaking,
    spoken,
)

NEXT = "Shall I book a slot for you?"
PLACE = "sarvam.tts"

BEFORE_SOUND: list[tuple[Kind, type[APIError], bool]] = [
    ("refuse", APIConnectionError, True),
    ("hang", APITimeoutError, True),
    ("stall", APITimeoutError, True),
    ("fin", APIConnectionError, True),
    ("reset", APIConnectionError, True),
    ("close", APIConnectionError, True),
    ("rate_limit", APIStatusError, True),
    ("server_error", APIStatusError, True),
    ("malformed", APIConnectionError, True),
    ("huge_line", APIConnectionError, True),
    ("empty", APIConnectionError, True),
]
AFTER_SOUND: list[tuple[Kind, type[APIError]]] = [
    ("stall", APITimeoutError),
    ("fin", APIConnectionError),
    ("reset", APIConnectionError),
    ("close", APIConnectionError),
    ("rate_limit", APIStatusError),
    ("quota", APIStatusError),
    ("server_error", APIStatusError),
    ("malformed", APIConnectionError),
    ("huge_line", APIConnectionError),
    ("never_final", APITimeoutError),
    ("error_inside", APIStatusError),
]


def sound_of(text: str) -> bytes:
    return rendered(text, RATE_HZ).tobytes()


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_heard_and_counted_is_what_was_delivered(seed: int) -> None:
    chance = random.Random(seed)
    mouth = replace(
        SWIFT.mouth,
        chunk_ms=chance.choice([12.3, 40, 100]),
        heads_raw=bool(seed),
        header=chance.choice(["alone", "joined"]),
    )
    meter = Counted()
    async with (
        running_providers(replace(SWIFT, mouth=mouth)) as providers,
        speaking(providers.sarvam_url, meter) as voice,
    ):
        for text in [TEXT, NEXT] * 5:
            assert await spoken(voice, text) == sound_of(text)
        assert providers.ledger.total("characters", model="bulbul:v3") == meter.total
        assert providers.ledger.total("requests", place=PLACE) == 2


async def test_every_voice_of_the_catalogue_speaks() -> None:
    model = load_catalog().find(Service.TTS, "bulbul:v3")
    assert model is not None
    async with running_providers(SWIFT) as providers:
        for name in model.voices:
            async with speaking(providers.sarvam_url, voice=name) as voice:
                assert await spoken(voice, "Yes.") == sound_of("Yes.")


async def test_a_key_that_is_refused_is_told_as_such() -> None:
    async with (
        running_providers(SWIFT) as providers,
        speaking(providers.sarvam_url, key="bad-1") as voice,
    ):
        error = await failure(voice)
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (403, False)


@pytest.mark.parametrize(("kind", "told", "retryable"), BEFORE_SOUND)
async def test_what_fails_before_the_first_sound(
    kind: Kind, told: type[APIError], retryable: bool
) -> None:
    meter = Counted()
    async with (
        running_providers(SWIFT) as providers,
        speaking(providers.sarvam_url, meter) as voice,
    ):
        providers.set_fault(Fault(PLACE, kind))
        with deadlines_for(told):
            for _ in range(2):
                error = await failure(voice)
                assert_told(error, told)
                assert error.retryable is retryable
            await _healed(providers, voice)
        assert providers.ledger.total("characters") == meter.total


@pytest.mark.parametrize("unit", ["messages", "bytes", "audio_ms"])
@pytest.mark.parametrize(("kind", "told"), AFTER_SOUND)
async def test_what_fails_after_the_first_sound(
    kind: Kind, told: type[APIError], unit: Unit
) -> None:
    after = {"messages": 3, "bytes": 20_000, "audio_ms": 300}[unit]
    meter = Counted()
    async with (
        running_providers(SWIFT) as providers,
        speaking(providers.sarvam_url, meter) as voice,
    ):
        providers.set_fault(Fault(PLACE, kind, after=after, unit=unit))
        with deadlines_for(told):
            error = await failure(voice)
            assert_told(error, told)
            assert not error.retryable
            await _healed(providers, voice)
        assert providers.ledger.total("characters") == meter.total


async def _healed(providers: Providers, voice: SarvamTTS) -> None:
    """With the fault gone the voice speaks on; sockets that it still strikes are used up first."""
    providers.set_fault()
    async with asyncio.timeout(20):
        while True:
            try:
                assert await spoken(voice, NEXT) == sound_of(NEXT)
                return
            except APIError:
                continue


@pytest.mark.parametrize("seed", range(10))
async def test_a_piece_cancelled_anywhere_does_not_touch_the_next(seed: int) -> None:
    chance = random.Random(seed)
    mouth = replace(SWIFT.mouth, chunk_ms=20, real_time_factor=0.01)
    async with (
        running_providers(replace(SWIFT, mouth=mouth)) as providers,
        speaking(providers.sarvam_url) as voice,
    ):
        voice.prewarm()
        for _ in range(3):
            async with voice.synthesize(TEXT, conn_options=ONCE) as stream:
                for _ in range(chance.randrange(0, 40)):
                    await anext(stream)
            assert await spoken(voice, NEXT) == sound_of(NEXT)
