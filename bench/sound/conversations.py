"""Whether a noisy room or the agent's own echo interrupts the agent: whole conversations without a
room, with our voice detector, the embedded recogniser and the embedded voice.

`python -m bench.sound.conversations [CALLS] [AT ONCE]` (10, 8) makes so many calls of four questions
for each kind of room, and a fifth of them without the guard. It prints how many of the agent's
answers were paused or cut, how many turns were made of what nobody said, and how many questions got
no answer. It exits 1 where an answer was cut or paused behind the guard.
"""

import asyncio
import logging
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import structlog

from bench.sound.lines import RoomyLine
from bench.sound.noises import NOISES, Sound, at_level
from callmissed.domain.calls import CallTerms
from callmissed.domain.lines import CallerHere, LineClosed
from callmissed.domain.models import Candidate
from callmissed.domain.sound import SoundIn
from callmissed.domain.turns import Turn
from callmissed.kit.breaker import Breaker
from callmissed.providers import Models, Warm
from callmissed.providers.local.stt import LocalSTT
from callmissed.providers.local.tts import LocalTTS
from callmissed.runtime.call import prepare_process, run_call
from callmissed.runtime.desk import PassageDesk
from tests.speech.recordings import RATE_HZ, Spoken, read_recording, spoken_questions
from tests.voice.fakes import ROUTE, ScriptedLLM
from tests.voice.running import Notes, Orders, Plan, terms

CALLER_DB = -24.0
NOISE_BELOW_DB = 10.0
ECHO_BELOW_DB = 20.0
ECHO_DELAYS_S = (0.06, 0.18, 0.32, 0.5)
QUIET_ROOM_DB = -72.0
NOISE_S = 30.0
QUESTIONS_A_CALL = 4
CONTROL_SHARE = 5
ANSWER_WITHIN_S = 20.0
PAUSE_S = 0.7
VOICE = "awb"
REPLIES = (
    "We are open from nine in the morning until six in the evening on every weekday of the year.",
    "A blood test costs three hundred and fifty rupees, and you will have the result by tomorrow.",
    "The parking space is behind the building, next to the pharmacy, and it costs nothing at all.",
    "Please bring an identity card and the letter of your doctor with you when you come to see us.",
)


@dataclass
class Room:
    """What one kind of room did to the answers that were given in it."""

    name: str
    is_guarded: bool
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_calm(self) -> bool:
        return not self.counts["cut"] and not self.counts["paused"]

    def count(self, asked: int, turns: list[Turn], pauses: int) -> None:
        """`turns` are all of a call, `pauses` those of the agent while it was heard."""
        answered = sum(1 for turn in turns if turn.user_transcript)
        self.counts["asked"] += asked
        self.counts["unanswered"] += max(0, asked - answered)
        self.counts["made up"] += max(0, answered - asked)
        self.counts["answers"] += len(turns)
        self.counts["cut"] += sum(turn.interrupted for turn in turns)
        self.counts["paused"] += pauses


def noise_of(kind: str, seed: int) -> Sound:
    dice = np.random.default_rng(seed)
    if kind == "echo":
        room = dice.standard_normal(int(NOISE_S * RATE_HZ))
        return at_level(room, QUIET_ROOM_DB)
    return at_level(NOISES[kind](NOISE_S, dice), CALLER_DB - NOISE_BELOW_DB)


async def converse(room: Room, warm: Warm, seed: int, questions: list[Spoken]) -> None:
    """One call in that room; every question is asked when the last one's answer is over."""
    gain = 10 ** (-ECHO_BELOW_DB / 20) if room.name == "echo" else 0.0
    models = _models(warm)
    line = RoomyLine(
        noise_of(room.name, seed),
        models.tts[0].engine.sample_rate,
        echo_gain=gain,
        echo_delay_s=ECHO_DELAYS_S[seed % len(ECHO_DELAYS_S)],
    )
    notes = Notes()

    async def open_line(_terms: CallTerms, _rate_hz: int) -> RoomyLine:
        return line

    session_terms = terms(
        greeting="Hello, this is the clinic. How can I help you?",
        max_duration_s=900.0,
        sound_in=SoundIn(guard=room.is_guarded),
    )
    call = asyncio.create_task(
        run_call(
            Plan(session_terms),
            PassageDesk(()),
            notes,
            Orders(),
            warm,
            open_line=open_line,
            build=lambda *_parts: models,
        )
    )
    line.tell(CallerHere())
    await _wait_for_turns(notes, 1)
    asked = 0
    for question in questions:
        before = len(notes.turns)
        await _wait_for_silence(line)
        await line.microphone.say(_words(question))
        asked += 1
        await _wait_for_turns(notes, before + 1)
    line.tell(LineClosed("bench over"))
    await call
    room.count(asked, notes.turns, line.sound_out.pauses)


def _words(question: Spoken) -> Sound:
    pcm = read_recording(question.path)
    audible = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 200)
    return at_level(pcm[audible[0] : audible[-1] + 1], CALLER_DB)


async def _wait_for_silence(line: RoomyLine) -> None:
    """Until the agent has said nothing for a moment."""
    quiet_s = 0.0
    while quiet_s < PAUSE_S:
        await asyncio.sleep(0.1)
        quiet_s = 0.0 if line.loudspeaker.is_heard(time.monotonic()) else quiet_s + 0.1


async def _wait_for_turns(notes: Notes, count: int) -> None:
    try:
        await notes.until(lambda seen: len(seen.turns) >= count, ANSWER_WITHIN_S)
    except TimeoutError:
        return


def _models(warm: Warm) -> Models:
    replies: list[str | None] = list(REPLIES * 20)
    breaker = Breaker(time.monotonic)
    return Models(
        stt=(Candidate(ROUTE.stt, LocalSTT(warm.decoders), breaker),),
        llm=(Candidate(ROUTE.llm, ScriptedLLM(replies), breaker),),
        tts=(Candidate(ROUTE.tts, LocalTTS(warm.voices, voice="slt"), breaker),),
    )


async def measure(calls: int, at_once: int) -> list[Room]:
    warm = Warm(ready_decoders=2, max_decoders=at_once)
    await warm.open()
    spoken = [item for item in spoken_questions("main") if item.voice == VOICE]
    gate = asyncio.Semaphore(at_once)
    kinds = (*NOISES, "echo")
    rooms = [Room(kind, is_guarded) for is_guarded in (True, False) for kind in kinds]
    try:
        await asyncio.gather(*[_fill(room, warm, gate, calls, spoken) for room in rooms])
    finally:
        await warm.aclose()
    return rooms


async def _fill(
    room: Room, warm: Warm, gate: asyncio.Semaphore, calls: int, spoken: list[Spoken]
) -> None:
    async def one(seed: int) -> None:
        first = seed * QUESTIONS_A_CALL % len(spoken)
        questions = (spoken + spoken)[first : first + QUESTIONS_A_CALL]
        async with gate:
            await converse(room, warm, seed, questions)

    wanted = calls if room.is_guarded else max(1, calls // CONTROL_SHARE)
    await asyncio.gather(*map(one, range(wanted)))
    print(_row(room), flush=True)


def _row(room: Room) -> str:
    counts = room.counts
    cells = [counts[key] for key in ("asked", "answers", "paused", "cut", "made up", "unanswered")]
    guard = "guard" if room.is_guarded else "none"
    return f"| {room.name} | {guard} | " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    prepare_process()
    calls, at_once = ([int(word) for word in sys.argv[1:]] + [10, 8][len(sys.argv) - 1 :])[:2]
    print(f"caller {CALLER_DB:.0f} dBFS, noise {NOISE_BELOW_DB:.0f} dB below, echo at")
    print(f"−{ECHO_BELOW_DB:.0f} dB of what was played, after {ECHO_DELAYS_S} s")
    print("| room | guard | asked | answers | paused | cut | made up | unanswered |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    seen = asyncio.run(measure(calls, at_once))
    sys.exit(0 if all(room.is_calm for room in seen if room.is_guarded) else 1)
