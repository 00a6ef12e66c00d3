"""What the sound of one call-minute costs in processor time, and how long a frame holds the loop.

`python -m bench.sound.cost` prints a table: LiveKit's way, which only passes frames on, the levels
that any call needs, our input in five kinds of minute, and WebRTC's own processing.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

from bench.sound.noises import Sound, as_samples, at_level, babble
from callmissed.domain.sound import SoundIn
from callmissed.kit.loudness import LevelLog, window_levels_db
from callmissed.voice.listening import ListenedInput
from callmissed.voice.sound_played import PlayedSound
from tests.speech.recordings import RATE_HZ, read_recording, spoken_questions

MINUTE_S = 60
FRAME_S = 0.02
FRAME = int(RATE_HZ * FRAME_S)
ECHO_DELAY_S = 0.2
DICE = np.random.default_rng(5)
ROUNDS = 3


class Minute(io.AudioInput):
    """A minute of a microphone as fast as it is taken, in step with the agent's voice."""

    audible_at_s = silent_at_s = None

    def __init__(self, sound: Sound, agent: Sound | None) -> None:
        super().__init__(label="minute")
        self.played_s = self.now_s = 0.0
        self.played = PlayedSound(self)
        self._agent = None if agent is None else as_samples(agent)
        self._frames = self._cut(as_samples(sound))

    async def __anext__(self) -> rtc.AudioFrame:
        for frame in self._frames:
            self.now_s += FRAME_S
            return frame
        raise StopAsyncIteration

    def _cut(self, pcm: np.ndarray) -> Iterator[rtc.AudioFrame]:
        frames = [pcm[at : at + FRAME].tobytes() for at in range(0, len(pcm) - FRAME + 1, FRAME)]
        for number, data in enumerate(frames):
            if self._agent is not None:
                piece = self._agent[number * FRAME : (number + 1) * FRAME].tobytes()
                self.played.add(rtc.AudioFrame(piece, RATE_HZ, 1, FRAME))
                self.played_s += FRAME_S
            yield rtc.AudioFrame(data, RATE_HZ, 1, FRAME)


@dataclass(frozen=True)
class Cost:
    name: str
    cpu_s: float
    p50_us: float
    p99_us: float
    max_us: float

    def row(self) -> str:
        frame = f"{self.p50_us:.0f} | {self.p99_us:.0f} | {self.max_us:.0f}"
        return f"| {self.name} | {self.cpu_s * 1000:.0f} | {frame} |"


async def cost_of_input(name: str, sound: Sound, agent: Sound | None = None) -> Cost:
    minute = Minute(sound, agent)
    listened = ListenedInput(minute, lambda: minute.now_s, lambda _: None, minute.played, SoundIn())
    return await _timed(name, listened)


async def _timed(name: str, source: io.AudioInput) -> Cost:
    took_us, began_s = [], time.process_time()
    before_ns = time.perf_counter_ns()
    async for _ in source:
        after_ns = time.perf_counter_ns()
        took_us.append((after_ns - before_ns) / 1000)
        before_ns = after_ns
    cpu_s = time.process_time() - began_s
    p50_us, p99_us = np.percentile(took_us, [50, 99])
    return Cost(name, cpu_s, float(p50_us), float(p99_us), max(took_us))


def cost_of_levels(sound: Sound) -> Cost:
    """What measuring alone costs: the levels of each window, kept."""
    log, took_us = LevelLog(), []
    pcm, began_s = as_samples(sound), time.process_time()
    for number, at in enumerate(range(0, len(pcm) - FRAME + 1, FRAME)):
        before_ns = time.perf_counter_ns()
        log.add(window_levels_db(pcm[at : at + FRAME], RATE_HZ), number * FRAME_S)
        took_us.append((time.perf_counter_ns() - before_ns) / 1000)
    cpu_s = time.process_time() - began_s
    p50_us, p99_us = np.percentile(took_us, [50, 99])
    return Cost("levels alone", cpu_s, float(p50_us), float(p99_us), max(took_us))


def cost_of_webrtc(name: str, sound: Sound, **parts: bool) -> Cost:
    """The same frames through the media library's module, 10 ms at a time."""
    module, took_us = rtc.AudioProcessingModule(**parts), []
    pcm, began_s = as_samples(sound), time.process_time()
    for at in range(0, len(pcm) - FRAME + 1, FRAME):
        before_ns = time.perf_counter_ns()
        for start in (at, at + FRAME // 2):
            data = pcm[start : start + FRAME // 2].tobytes()
            if parts.get("echo_cancellation"):
                far = rtc.AudioFrame(bytearray(data), RATE_HZ, 1, FRAME // 2)
                module.process_reverse_stream(far)
            module.process_stream(rtc.AudioFrame(bytearray(data), RATE_HZ, 1, FRAME // 2))
        took_us.append((time.perf_counter_ns() - before_ns) / 1000)
    cpu_s = time.process_time() - began_s
    p50_us, p99_us = np.percentile(took_us, [50, 99])
    return Cost(name, cpu_s, float(p50_us), float(p99_us), max(took_us))


def voices(voice: str, level_db: float, share: float = 1.0) -> Sound:
    """A minute of one voice; of each stretch of 6 s it speaks so much."""
    words = np.concatenate(
        [read_recording(item.path) for item in spoken_questions("main") if item.voice == voice]
    )
    speech = at_level(np.resize(words, MINUTE_S * RATE_HZ), level_db)
    seconds = np.arange(len(speech)) / RATE_HZ
    return speech * (seconds % 6.0 < 6.0 * share)


async def main() -> None:
    room = at_level(DICE.standard_normal(MINUTE_S * RATE_HZ), -72.0)
    agent = voices("awb", -20.0)
    echo = np.concatenate([np.zeros(int(ECHO_DELAY_S * RATE_HZ)), agent])[: len(agent)] * 0.1
    caller, faint = voices("rms", -22.0, 0.5), voices("rms", -40.0, 0.5)
    loud_room = at_level(babble(MINUTE_S, DICE), -34.0)
    print("| sound | CPU ms a call-minute | a frame: p50 µs | p99 µs | longest µs |")
    print("|---|---|---|---|---|")
    for _ in range(ROUNDS - 1):
        await cost_of_input("warm", room)
    costs = [
        await _timed("frames passed on, nothing else", Minute(room + caller, None)),
        cost_of_levels(room + caller),
        await cost_of_input("caller speaks half the time, agent silent", room + caller),
        await cost_of_input("the same, faint: raised by 18 dB", room + faint),
        await cost_of_input("agent speaks all the time, no echo", room, agent),
        await cost_of_input("agent speaks all the time, echo at −20 dB", room + echo, agent),
        await cost_of_input("agent speaks all the time, babble", loud_room, agent),
        cost_of_webrtc("WebRTC noise suppression", room + caller, noise_suppression=True),
        cost_of_webrtc("WebRTC gain control", room + caller, auto_gain_control=True),
        cost_of_webrtc("WebRTC echo cancellation", room + caller, echo_cancellation=True),
    ]
    for cost in costs:
        print(cost.row(), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
