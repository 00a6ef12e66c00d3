"""Sound leaves in step with the ear: paused, resumed and cut at the very sample."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest_asyncio
from livekit import rtc
from livekit.agents.voice import io

from callmissed.transports.paced_output import LEAD_S, PacedOutput
from tests.voice.callers import Earpiece

RATE_HZ = 16000


@pytest_asyncio.fixture
async def output() -> AsyncIterator[PacedOutput]:
    made = PacedOutput(RATE_HZ, Earpiece(RATE_HZ))
    made.open_ears()
    yield made
    await made.aclose()


def counting(seconds: float) -> rtc.AudioFrame:
    """Samples that count up, so that a gap or a repetition shows."""
    count = int(seconds * RATE_HZ)
    pcm = (np.arange(count) % 30000).astype(np.int16)
    return rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, count)


def heard(output: PacedOutput) -> np.ndarray:
    earpiece = output._sink
    assert isinstance(earpiece, Earpiece)
    return np.concatenate([pcm for _, pcm in earpiece.handed])


async def test_a_speech_is_played_whole_and_told_once(output: PacedOutput) -> None:
    finished: list[io.PlaybackFinishedEvent] = []
    output.on("playback_finished", finished.append)
    await output.capture_frame(counting(0.333))
    output.flush()
    await output.wait_for_playout()
    (event,) = finished
    assert not event.interrupted
    assert abs(event.playback_position - 0.333) < 1e-6
    assert np.array_equal(heard(output)[: int(0.333 * RATE_HZ)], np.arange(int(0.333 * RATE_HZ)))
    assert output.audible_at_s is not None and output.silent_at_s is not None
    assert output.silent_at_s > output.audible_at_s


async def test_no_more_than_the_lead_waits_in_front_of_the_caller(output: PacedOutput) -> None:
    started = asyncio.Event()
    output.on("playback_started", lambda _: started.set())
    await output.capture_frame(counting(2.0))
    await started.wait()
    output.clear_buffer()
    output.clear_buffer()
    event = await output.wait_for_playout()
    assert event.interrupted
    assert event.playback_position < LEAD_S + 0.05
    assert len(heard(output)) / RATE_HZ <= event.playback_position + LEAD_S + 0.06


async def test_a_paused_speech_goes_on_at_the_sample_where_it_stopped(output: PacedOutput) -> None:
    started = asyncio.Event()
    output.on("playback_started", lambda _: started.set())
    await output.capture_frame(counting(0.5))
    output.flush()
    await started.wait()
    output.pause()
    before = output.played_s
    handed_before = len(heard(output))
    await asyncio.wait([asyncio.create_task(output.wait_for_playout())], timeout=0.05)
    assert output.played_s == before
    output.resume()
    event = await output.wait_for_playout()
    assert not event.interrupted
    assert abs(event.playback_position - 0.5) < 0.001
    resumed_with = heard(output)[handed_before]
    assert abs(int(resumed_with) - round(before * RATE_HZ)) <= 1


async def test_nothing_is_played_before_somebody_listens() -> None:
    output = PacedOutput(RATE_HZ, Earpiece(RATE_HZ))
    capturing = asyncio.create_task(output.capture_frame(counting(0.1)))
    await asyncio.wait([capturing], timeout=0.05)
    assert not capturing.done()
    output.open_ears()
    await capturing
    output.flush()
    await output.wait_for_playout()
    assert len(heard(output)) == int(0.1 * RATE_HZ)
    await output.aclose()
