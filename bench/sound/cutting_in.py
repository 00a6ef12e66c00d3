"""How soon the agent pauses for a caller who cuts in, with the guard and without it.

`python -m bench.sound.cutting_in [TIMES]` (20) prints the time from the caller's first sound to the
pause, in a quiet room, with the agent's echo at −20 dB, and in babble 10 dB below the caller. The
recogniser is scripted, the voice detector is the call's own.
"""

import asyncio
import logging
import sys
import time

import numpy as np
import structlog

from bench.sound.conversations import CALLER_DB, ECHO_BELOW_DB, QUIET_ROOM_DB, REPLIES, noise_of
from bench.sound.lines import RoomyLine
from bench.sound.noises import Sound, at_level
from callmissed.domain.calls import CallTerms
from callmissed.domain.lines import CallerHere, LineClosed
from callmissed.domain.sound import SoundIn
from callmissed.providers.local.tts import LocalTTS
from callmissed.providers.local.voices import Voices
from callmissed.runtime.call import prepare_process, run_call
from callmissed.runtime.desk import PassageDesk
from tests.speech.recordings import RATE_HZ
from tests.voice.callers import load_words
from tests.voice.fakes import scripted_models
from tests.voice.running import Notes, NoWarm, Orders, Plan, terms

INTO_ANSWER_S = (0.6, 1.1, 1.7, 2.4)
WORDS_S = 1.1
ROOMS = ("quiet", "echo", "babble")


def room_of(kind: str) -> Sound:
    if kind == "quiet":
        dice = np.random.default_rng(1)
        return at_level(dice.standard_normal(RATE_HZ * 10), QUIET_ROOM_DB)
    return noise_of(kind, 1)


async def cut_in(kind: str, voices: Voices, times: int, *, is_guarded: bool) -> list[float]:
    """Milliseconds from the caller's first sound to the pause, for each time; a call each."""
    return [
        await _cut_in_once(kind, voices, INTO_ANSWER_S[turn % 4], is_guarded=is_guarded)
        for turn in range(times)
    ]


async def _cut_in_once(kind: str, voices: Voices, after_s: float, *, is_guarded: bool) -> float:
    models = scripted_models(["stop please"] * 9, ["Of course."], voice=LocalTTS(voices))
    line = RoomyLine(
        room_of(kind),
        models.tts[0].engine.sample_rate,
        echo_gain=10 ** (-ECHO_BELOW_DB / 20) if kind == "echo" else 0.0,
        echo_delay_s=0.18,
    )

    async def open_line(_terms: CallTerms, _rate_hz: int) -> RoomyLine:
        return line

    session_terms = terms(greeting=" ".join(REPLIES), sound_in=SoundIn(guard=is_guarded))
    call = asyncio.create_task(
        run_call(
            Plan(session_terms),
            PassageDesk(()),
            Notes(),
            Orders(),
            NoWarm(),  # type: ignore[arg-type]
            open_line=open_line,
            build=lambda *_parts: models,
        )
    )
    line.tell(CallerHere())
    while not line.loudspeaker.is_heard(time.monotonic()):
        await asyncio.sleep(0.01)
    await asyncio.sleep(after_s)
    earlier = line.sound_out.pauses
    words = at_level(load_words(), CALLER_DB)[: int(WORDS_S * RATE_HZ)]
    await line.microphone.say(words)
    await asyncio.sleep(0.2)
    pauses = line.sound_out.paused_s[earlier:]
    line.tell(LineClosed("bench over"))
    await call
    return (pauses[0] - line.microphone.onset_s) * 1000 if pauses and not earlier else float("nan")


async def main(times: int) -> None:
    voices = Voices()
    await voices.open()
    print("| room | guard | cut in | agent had paused before, or never did | p50 ms | p95 ms |")
    print("|---|---|---|---|---|---|", flush=True)
    await asyncio.gather(
        *[_show(kind, voices, times, is_guarded) for is_guarded in (True, False) for kind in ROOMS]
    )
    await voices.aclose()


async def _show(kind: str, voices: Voices, times: int, is_guarded: bool) -> None:
    seen = await cut_in(kind, voices, times, is_guarded=is_guarded)
    known = [one for one in seen if not np.isnan(one)]
    p50, p95 = np.percentile(known, [50, 95]) if known else (np.nan, np.nan)
    guard = "guard" if is_guarded else "none"
    row = f"| {kind} | {guard} | {len(seen)} | {len(seen) - len(known)}"
    print(f"{row} | {p50:.0f} | {p95:.0f} |", flush=True)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    prepare_process()
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
