"""What our voice detector hears while the agent speaks: in the time of arithmetic, not of a call.

`python -m bench.sound.passing [ANSWERS] [ROOM …]` (40, all) lets the agent give so many answers in each kind of
room, with the guard and without it, and counts those in which the voice detector hears enough to
pause the agent; then as many in which the caller cuts in, and how long after their first sound the
detector has heard enough, counted in sound. It exits 1 where an answer was paused behind the guard,
or a caller was not heard through it.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np
from livekit import rtc
from livekit.agents import vad
from livekit.agents.voice import io

from bench.sound.noises import NOISES, Sound, as_samples, at_level
from callmissed.domain.calls import TURN_TAKING_PRESETS
from callmissed.domain.sound import SoundIn
from callmissed.providers.local.flite import Flite
from callmissed.voice.activity import VoiceActivity
from callmissed.voice.listening import ListenedInput
from callmissed.voice.sound_played import PlayedSound
from tests.speech.recordings import RATE_HZ, read_recording, spoken_questions

CALLER_DB = -24.0
NOISE_BELOW_DB = 10.0
QUIET_ROOM_DB = -72.0
AGENT_DB = -20.0
ECHOES_DB = {"echo −20 dB": -20.0, "echo −10 dB": -10.0}
DELAYS_S = (0.06, 0.18, 0.32, 0.5)
WAYS = ((1.0, 0.0), (0.4, 0.004), (0.2, 0.011))
EVERY_ROOM = ("quiet", *NOISES, *ECHOES_DB)
NOISE_S = 60.0
BEFORE_S = 1.0
CUTS_IN_S = 2.0
FRAME = RATE_HZ // 50
ENOUGH_S = TURN_TAKING_PRESETS["balanced"].min_interruption_s
ANSWERS = (
    "We are open from nine in the morning until six in the evening on every weekday of the year.",
    "A blood test costs three hundred and fifty rupees, and you will have the result by tomorrow.",
    "The parking space is behind the building, next to the pharmacy, and it costs nothing at all.",
    "Please bring an identity card and the letter of your doctor with you when you come to see us.",
)


class Room(io.AudioInput):
    """The first words of an agent, from a second before them: what the caller's microphone gives, as fast
    as it is taken, in step with what the agent says.
    """

    audible_at_s = silent_at_s = None

    def __init__(self, microphone: Sound, agent: Sound) -> None:
        super().__init__(label="room")
        self.played_s = self.now_s = 0.0
        self.played = PlayedSound(self)
        self._microphone, self._agent = as_samples(microphone), as_samples(agent)
        self._at = 0

    async def __anext__(self) -> rtc.AudioFrame:
        if self._at + FRAME > len(self._microphone):
            raise StopAsyncIteration
        piece = self._microphone[self._at : self._at + FRAME]
        self._at += FRAME
        self.now_s = self._at / RATE_HZ
        self._play()
        return rtc.AudioFrame(piece.tobytes(), RATE_HZ, 1, FRAME)

    def _play(self) -> None:
        begun = self._at - int(BEFORE_S * RATE_HZ)
        if begun == FRAME:
            self.played.add(rtc.AudioFrame(self._agent.tobytes(), RATE_HZ, 1, len(self._agent)))
        if begun >= FRAME:
            self.played_s = min(begun, len(self._agent)) / RATE_HZ
        if begun >= len(self._agent):
            self.played.restart()


@dataclass
class Seen:
    """`heard_s`: when in the sound the detector had heard enough; None: never."""

    heard_s: float | None


async def listen(microphone: Sound, agent: Sound, *, is_guarded: bool) -> Seen:
    room = Room(microphone, agent)
    treatment = SoundIn(guard=is_guarded)
    listened = ListenedInput(room, lambda: room.now_s, lambda _: None, room.played, treatment)
    listened.expect_agent()
    detector = VoiceActivity(0.25).stream()
    seen = Seen(None)
    reading = asyncio.create_task(_read(detector, room, seen))
    async for frame in listened:
        detector.push_frame(frame)
        await asyncio.sleep(0)
    detector.end_input()
    await reading
    return seen


async def _read(detector: vad.VADStream, room: Room, seen: Seen) -> None:
    async with aclosing(_events(detector)) as events:
        async for event in events:
            begun_s = room.now_s - BEFORE_S
            if seen.heard_s is None and begun_s > 0 and event.speech_duration >= ENOUGH_S:
                seen.heard_s = begun_s


async def _events(detector: vad.VADStream) -> AsyncIterator[vad.VADEvent]:
    async for event in detector:
        yield event


class Rooms:
    """The same rooms, answers and words for the guard and for its control."""

    def __init__(self, kinds: Sequence[str]) -> None:
        dice = np.random.default_rng(9)
        self._noises = {kind: NOISES[kind](NOISE_S, dice) for kind in kinds if kind in NOISES}
        voice = Flite()
        self._agent = [at_level(voice.speak(text, "slt")[0], AGENT_DB) for text in ANSWERS]
        self._words = [
            at_level(_words_of(item.path), CALLER_DB)
            for item in spoken_questions("main")
            if item.voice == "awb"
        ]

    def answer(self, number: int) -> Sound:
        return self._agent[number % len(self._agent)]

    def microphone(self, kind: str, number: int) -> Sound:
        agent, dice = self.answer(number), np.random.default_rng(number)
        before = int(BEFORE_S * RATE_HZ)
        count = before + len(agent) + RATE_HZ
        if kind in NOISES:
            begin = int(dice.integers(len(self._noises[kind]) - count))
            noise = self._noises[kind][begin : begin + count]
            return at_level(noise, CALLER_DB - NOISE_BELOW_DB)
        room = at_level(dice.standard_normal(count), QUIET_ROOM_DB)
        if kind in ECHOES_DB:
            delay_s = DELAYS_S[number % len(DELAYS_S)]
            for share, later_s in WAYS:
                begin = before + int((delay_s + later_s) * RATE_HZ)
                echo = share * 10 ** (ECHOES_DB[kind] / 20) * agent
                room[begin : begin + len(agent)] += echo[: count - begin]
        return room

    def with_caller(self, kind: str, number: int) -> Sound:
        sound, words = self.microphone(kind, number), self._words[number % len(self._words)]
        begin = int((BEFORE_S + CUTS_IN_S) * RATE_HZ)
        words = words[: len(sound) - begin]
        sound[begin : begin + len(words)] += words
        return sound


async def main(answers: int, kinds: Sequence[str]) -> bool:
    rooms, is_calm = Rooms(kinds), True
    print("| room | guard | answers | paused | cut in | heard | after ms: p50 | p95 |")
    print("|---|---|---|---|---|---|---|---|")
    for kind in kinds:
        for is_guarded in (True, False):
            paused, after_ms = await _count(rooms, kind, answers, is_guarded=is_guarded)
            p50, p95 = np.percentile(after_ms, [50, 95]) if after_ms else (np.nan, np.nan)
            name = "guard" if is_guarded else "none"
            cells = f"{answers} | {paused} | {answers} | {len(after_ms)} | {p50:.0f} | {p95:.0f}"
            print(f"| {kind} | {name} | {cells} |", flush=True)
            is_calm &= not is_guarded or (paused == 0 and len(after_ms) == answers)
    return is_calm


async def _count(
    rooms: Rooms, kind: str, answers: int, *, is_guarded: bool
) -> tuple[int, list[float]]:
    """In how many answers the agent would pause for nobody, and the milliseconds until it would for
    a caller; those who came into a pause are not among them."""
    paused, after_ms = 0, []
    for number in range(answers):
        agent = rooms.answer(number)
        alone = await listen(rooms.microphone(kind, number), agent, is_guarded=is_guarded)
        paused += alone.heard_s is not None
        cut = await listen(rooms.with_caller(kind, number), agent, is_guarded=is_guarded)
        if cut.heard_s is not None and cut.heard_s >= CUTS_IN_S:
            after_ms.append((cut.heard_s - CUTS_IN_S) * 1000)
    return paused, after_ms


def _words_of(path: object) -> Sound:
    pcm = read_recording(path)  # type: ignore[arg-type]
    audible = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 200)
    return np.asarray(pcm[audible[0] : audible[-1] + 1], np.float64)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    sys.exit(0 if asyncio.run(main(wanted, sys.argv[2:] or EVERY_ROOM)) else 1)
