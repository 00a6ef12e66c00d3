"""A process has more calls than a client library has connections to one host."""

import asyncio

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectOptions, stt

from callmissed.dev.providers import running_providers
from callmissed.dev.scenario import SWIFT
from callmissed.dev.tones import encode
from callmissed.kit.pcm import silence
from callmissed.providers import Models, NoMeter, Warm
from tests.voice.simulated_models import build_on, route

CALLS = 60
USUAL_LIMIT = 50
RATE_HZ = 16_000
ONCE = APIConnectOptions(max_retry=0)
HELLO = np.concatenate([encode("hello doctor", RATE_HZ), silence(600, RATE_HZ)])


async def test_the_51st_call_to_one_host_is_heard_and_spoken_to_beside_the_others() -> None:
    warm = Warm()
    async with running_providers(SWIFT) as sims, asyncio.timeout(30):
        calls = [build_on(sims, route(), {}, warm, (), NoMeter()) for _ in range(CALLS)]
        ears = [call.stt[0].engine.stream() for call in calls]
        words = await asyncio.gather(*map(_hear_hello, ears))
        sounds = await asyncio.gather(*map(_say_yes, calls))
        open_places = [one.place for one in sims.ledger.requests() if one.outcome == "open"]
        for stream in ears:
            await stream.aclose()
        for call in calls:
            for one in (*call.stt, *call.llm, *call.tts):
                await one.engine.aclose()
        await warm.aclose()
    assert words == ["hello doctor"] * CALLS
    assert len(set(sounds)) == 1
    assert open_places.count("sarvam.realtime") == CALLS > USUAL_LIMIT
    assert open_places.count("sarvam.tts") >= CALLS


async def _hear_hello(stream: stt.RecognizeStream) -> str:
    stream.push_frame(rtc.AudioFrame(HELLO.tobytes(), RATE_HZ, 1, len(HELLO)))
    async for event in stream:
        if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
            return event.alternatives[0].text
    raise AssertionError("the stream ended without words")


async def _say_yes(call: Models) -> bytes:
    return bytes((await call.tts[0].engine.synthesize("Yes.", conn_options=ONCE).collect()).data)
