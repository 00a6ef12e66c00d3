"""What every stack is measured under: delays, sound, schedule, and what a turn is.

The services are oracles: they know when speech really ends, so that only orchestration differs.
"""

import asyncio
import random
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

STT_FINAL_S = 0.100
"""From the true end of speech to the final words."""
LLM_FIRST_S = 0.200
TOKENS_PER_S = 100.0
TTS_FIRST_S = 0.100
WORD_S = 0.30
TTS_CHUNK_S = 0.100
TTS_CHUNK_EVERY_S = 0.020
"""Five times real time."""
PERIOD_S = 9.0
"""Each session asks once in so many seconds."""
FRAME_S = 0.020
IN_HZ = 16_000
OUT_HZ = 24_000
FRAME_SAMPLES = int(IN_HZ * FRAME_S)

VOICE_HZ, VOICE_SWAY_HZ, VOICE_SWAY = 140.0, 3.0, 0.15
HARMONICS = 20

QUESTION = "Can you tell me when my order will arrive?"
QUESTION_WORDS = QUESTION.split(" ")
PARTIALS_AFTER_WORDS = (2, 4, 6, 8)
REPLY = "Sure, I can help with that. Your order arrives on Tuesday between two and four."
TOKENS = [(" " if index else "") + word for index, word in enumerate(REPLY.split(" "))]
SILENT_NOISE = 16.0
"""Standard deviation of what the microphone hears in silence, in 16-bit steps (-66 dBFS)."""
AUDIBLE_DB = 35.0


def now_s() -> float:
    """Seconds of the monotonic clock as it is at the moment: virtual time may stand in for it."""
    return time.monotonic()


def read_question() -> NDArray[np.int16]:
    """The question, trimmed to the first and last 10 ms within 35 dB of its loudest."""
    with wave.open(str(Path(__file__).parent / "question.wav")) as recording:
        pcm = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
    window = IN_HZ // 100
    blocks = pcm[: len(pcm) // window * window].reshape(-1, window).astype(np.float64)
    power = np.sqrt((blocks**2).mean(axis=1))
    loud = np.flatnonzero(power > power.max() * 10 ** (-AUDIBLE_DB / 20))
    return pcm[loud[0] * window : (loud[-1] + 1) * window]


SPEECH = read_question()
SPEECH_S = len(SPEECH) / IN_HZ
NOISE = np.random.default_rng(0).normal(0, SILENT_NOISE, IN_HZ).astype(np.int16)


def make_voice() -> list[bytes]:
    """A second of something like a vowel, `TTS_CHUNK_S` a piece: encoders take a steady tone for
    background and leave it out."""
    at_s = np.arange(OUT_HZ) / OUT_HZ
    sway = VOICE_SWAY * np.sin(2 * np.pi * VOICE_SWAY_HZ * at_s)
    phase = 2 * np.pi * np.cumsum(VOICE_HZ * (1 + sway)) / OUT_HZ
    wave = sum(np.sin(phase * number) / number for number in range(1, HARMONICS + 1))
    pcm = (np.asarray(wave) / np.abs(wave).max() * 12_000).astype(np.int16)
    step = int(OUT_HZ * TTS_CHUNK_S)
    return [pcm[start : start + step].tobytes() for start in range(0, OUT_HZ, step)]


VOICE = make_voice()


@dataclass(slots=True)
class Turn:
    """One question. All instants are monotonic seconds; None: did not happen."""

    true_end_s: float
    final_s: float | None = None
    llm_s: float | None = None
    tts_s: float | None = None
    audio_s: float | None = None
    last_audio_s: float | None = None

    def note_audio(self, at_s: float) -> None:
        """Agent sound was handed to the transport."""
        if self.audio_s is None and at_s > self.true_end_s:
            self.audio_s = at_s
        self.last_audio_s = at_s


@dataclass(frozen=True, slots=True)
class Policy:
    """`partial_s`: the whole question as a partial so long after its end; None: none.
    `floor_s` is what the delays alone add up to under the stack's policy."""

    floor_s: float = STT_FINAL_S + LLM_FIRST_S + TTS_FIRST_S
    partial_s: float | None = None


async def sleep_until(at_s: float) -> None:
    if (wait_s := at_s - now_s()) > 0:
        await asyncio.sleep(wait_s)


class Seat:
    """One session of a stack: takes sound and the oracle's words, tells when its agent speaks."""

    current: Turn | None = None

    async def open(self) -> None:
        raise NotImplementedError

    async def push(self, pcm: bytes) -> None:
        """20 ms of the caller's microphone."""
        raise NotImplementedError

    async def hear_partial(self, words: str) -> None:
        raise NotImplementedError

    async def hear_final(self, words: str) -> None:
        raise NotImplementedError

    async def begin_turn(self) -> None:
        """The provider's own sign that speech began; most stacks listen for themselves."""

    def note_audio(self) -> None:
        if self.current is not None:
            self.current.note_audio(now_s())

    def note_llm(self) -> None:
        if self.current is not None and self.current.llm_s is None:
            self.current.llm_s = now_s()

    def note_tts(self) -> None:
        if self.current is not None and self.current.tts_s is None:
            self.current.tts_s = now_s()


def schedule(turns: int, begins_s: float, alone: bool) -> list[float]:
    """When a session speaks: a random phase, then once a period, never on a frame's edge. The
    first turn warms up."""
    phase_s = 0.0 if alone else random.random() * PERIOD_S
    return [
        begins_s + phase_s + 0.5 + index * PERIOD_S + random.random() * FRAME_S
        for index in range(turns + 1)
    ]


async def feed(seat: Seat, begins_s: float, speaks_s: Sequence[float]) -> None:
    """The microphone, frame by frame in real time, for ever. `speaks_s` may grow meanwhile."""
    index = speech = 0
    while True:
        starts_s = begins_s + index * FRAME_S
        offset = index * FRAME_SAMPLES % (IN_HZ - FRAME_SAMPLES)
        frame = NOISE[offset : offset + FRAME_SAMPLES]
        while speech < len(speaks_s) and starts_s > speaks_s[speech] + SPEECH_S:
            speech += 1
        if speech < len(speaks_s) and starts_s + FRAME_S > speaks_s[speech]:
            frame = _mix(frame, round((starts_s - speaks_s[speech]) * IN_HZ))
        await sleep_until(starts_s + FRAME_S)
        await seat.push(frame.tobytes())
        index += 1


def _mix(silence: NDArray[np.int16], position: int) -> NDArray[np.int16]:
    """The frame that begins `position` samples into the speech; negative: before it."""
    frame, lead = silence.copy(), max(0, -position)
    piece = SPEECH[max(0, position) : max(0, position) + FRAME_SAMPLES - lead]
    frame[lead : lead + len(piece)] = piece
    return frame


async def ask(seat: Seat, turn: Turn, policy: Policy) -> None:
    """The oracle recognises one question that is being spoken."""
    begins_s = turn.true_end_s - SPEECH_S
    await sleep_until(begins_s + 0.3)
    await seat.begin_turn()
    for count in PARTIALS_AFTER_WORDS:
        await sleep_until(begins_s + SPEECH_S * count / len(QUESTION_WORDS))
        await seat.hear_partial(" ".join(QUESTION_WORDS[:count]))
    if policy.partial_s is not None:
        await sleep_until(turn.true_end_s + policy.partial_s)
        await seat.hear_partial(QUESTION)
    await sleep_until(turn.true_end_s + STT_FINAL_S)
    turn.final_s = now_s()
    await seat.hear_final(QUESTION)


async def ask_on_schedule(seat: Seat, speaks_s: Sequence[float], policy: Policy) -> list[Turn]:
    turns = []
    for at_s in speaks_s:
        await sleep_until(at_s - 0.05)
        seat.current = Turn(at_s + SPEECH_S)
        turns.append(seat.current)
        await ask(seat, seat.current, policy)
    return turns


async def interrupt_on_schedule(
    seat: Seat, count: int, policy: Policy, speaks_s: list[float]
) -> list[float]:
    """Asks, speaks again one second into the answer; how long the agent went on, in seconds."""
    stops = []
    for _ in range(count):
        first = await _speak(seat, policy, speaks_s)
        while first.audio_s is None:
            await asyncio.sleep(0.01)
        again_s = first.audio_s + 1.0 + random.random() * FRAME_S
        speaks_s.append(again_s)
        second = Turn(again_s + SPEECH_S)
        asking = asyncio.create_task(ask(seat, second, policy))
        await sleep_until(again_s + 1.2)
        assert first.last_audio_s is not None
        stops.append(first.last_audio_s - again_s)
        seat.current = second
        await asking
        while second.audio_s is None:
            await asyncio.sleep(0.01)
        await asyncio.sleep(5.2)
    return stops


async def _speak(seat: Seat, policy: Policy, speaks_s: list[float]) -> Turn:
    begins_s = now_s() + 0.5 + random.random() * FRAME_S
    speaks_s.append(begins_s)
    turn = Turn(begins_s + SPEECH_S)
    seat.current = turn
    await ask(seat, turn, policy)
    return turn
