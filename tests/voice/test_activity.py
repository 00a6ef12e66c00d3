"""Voice activity: what the engine is told of the caller's voice."""

import asyncio
from collections.abc import AsyncIterable

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import inference, vad
from numpy.typing import NDArray

from callmissed.voice.activity import VoiceActivity
from tests.speech.recordings import read_recording, spoken_questions

RATE_HZ = 16000
LEAST_SILENCE_S = 0.25
WINDOW_S = 0.032


@pytest.fixture(scope="module")
def two_questions() -> NDArray[np.int16]:
    """Silence, a question, silence, another, silence."""
    quiet = np.random.default_rng(0).normal(0, 16, RATE_HZ).astype(np.int16)
    spoken = [read_recording(one.path) for one in spoken_questions("main")[:2]]
    return np.concatenate([quiet, spoken[0], quiet, spoken[1], quiet])


async def events_of(detector: vad.VAD, pcm: NDArray[np.int16], rate_hz: int) -> list[vad.VADEvent]:
    stream = detector.stream()

    async def push() -> None:
        step = rate_hz // 50
        for begin in range(0, len(pcm) - step + 1, step):
            piece = pcm[begin : begin + step].tobytes()
            stream.push_frame(rtc.AudioFrame(piece, rate_hz, 1, step))
            await asyncio.sleep(0)
        stream.end_input()

    pushing = asyncio.create_task(push())
    found = await collected(stream)
    await pushing
    await stream.aclose()
    return found


async def collected(stream: AsyncIterable[vad.VADEvent]) -> list[vad.VADEvent]:
    return [event async for event in stream]


def told(event: vad.VADEvent) -> tuple[object, ...]:
    return (
        event.type,
        event.samples_index,
        event.speaking,
        round(event.speech_duration, 6),
        round(event.silence_duration, 6),
        round(event.raw_accumulated_speech, 6),
        round(event.raw_accumulated_silence, 6),
    )


def edges(events: list[vad.VADEvent]) -> list[tuple[object, ...]]:
    kinds = (vad.VADEventType.START_OF_SPEECH, vad.VADEventType.END_OF_SPEECH)
    return [told(one)[:5] for one in events if one.type in kinds]


async def test_it_says_what_livekits_own_detector_says(two_questions: NDArray[np.int16]) -> None:
    theirs = inference.VAD(min_silence_duration=LEAST_SILENCE_S)
    expected = await events_of(theirs, two_questions, RATE_HZ)
    found = await events_of(VoiceActivity(LEAST_SILENCE_S), two_questions, RATE_HZ)
    assert edges(found) == edges(expected)
    assert len(edges(found)) >= 4
    inferences = [one for one in expected if one.type is vad.VADEventType.INFERENCE_DONE]
    ours = {told(one) for one in found if one.type is vad.VADEventType.INFERENCE_DONE}
    assert ours <= {told(one) for one in inferences}
    with_speech = [one for one in inferences if one.speaking or one.raw_accumulated_speech > 0]
    assert {told(one) for one in with_speech} <= ours


async def test_silence_is_told_once() -> None:
    found = await events_of(VoiceActivity(LEAST_SILENCE_S), np.zeros(RATE_HZ, np.int16), RATE_HZ)
    assert [one.type for one in found] == [vad.VADEventType.INFERENCE_DONE]
    assert not found[0].speaking


async def test_after_speech_the_engine_learns_that_nobody_speaks(
    two_questions: NDArray[np.int16],
) -> None:
    found = await events_of(VoiceActivity(LEAST_SILENCE_S), two_questions, RATE_HZ)
    ends = [n for n, one in enumerate(found) if one.type is vad.VADEventType.END_OF_SPEECH]
    for index in ends:
        assert found[index + 1].type is vad.VADEventType.INFERENCE_DONE
        assert not found[index + 1].speaking


async def test_a_telephones_rate_is_heard_too(two_questions: NDArray[np.int16]) -> None:
    at_16k = edges(await events_of(VoiceActivity(LEAST_SILENCE_S), two_questions, RATE_HZ))
    at_8k = edges(await events_of(VoiceActivity(LEAST_SILENCE_S), two_questions[::2], RATE_HZ // 2))
    assert [kind for kind, *_ in at_8k[:2]] == [kind for kind, *_ in at_16k[:2]]


async def test_a_flush_begins_anew(two_questions: NDArray[np.int16]) -> None:
    stream = VoiceActivity(LEAST_SILENCE_S).stream()
    half = len(two_questions) // 4
    stream.push_frame(rtc.AudioFrame(two_questions[:half].tobytes(), RATE_HZ, 1, half))
    stream.flush()
    quiet = np.zeros(RATE_HZ // 10, np.int16)
    stream.push_frame(rtc.AudioFrame(quiet.tobytes(), RATE_HZ, 1, len(quiet)))
    await stream.aclose()
    last = (await collected(stream))[-1]
    assert not last.speaking
    assert last.raw_accumulated_speech == 0.0
    with pytest.raises(RuntimeError):
        stream.push_frame(rtc.AudioFrame(quiet.tobytes(), RATE_HZ, 1, len(quiet)))
