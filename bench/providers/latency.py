"""A call on simulated Sarvam and Clarifai at published medians: what does the caller wait?

`python -m bench.providers.latency [TURNS]` joins a room of a whole installation, asks in tones, and
prints for each turn the stages, `first_audio_ms`, and the caller's own measure: from the last sound
handed to WebRTC to the first audible sample received. The medians are those of `Scenario()`: a
final 247 ms after the last sound, a first token after 256, a first sound after 188.
"""

import asyncio
import random
import statistics
import sys

import numpy as np

from callmissed.dev.scenario import Mind, Scenario
from callmissed.dev.tones import GAP_MS
from callmissed.dev.vocabulary import ENGLISH
from tests.e2e.caller import calling, hear_greeting, open_customer
from tests.e2e.simulated import GREETING, simulated_installation, speak
from tests.transports.room_callers import RoomCaller

TURNS = 20
TARGET_MS = 900
WORDS_A_QUESTION = 4
ANSWER = "{said} is what you said. Is that right?"
"""No two begin alike, so that no beginning is spoken from memory."""


async def main(turns: int) -> None:
    scenario = Scenario(mind=Mind(reply=ANSWER))
    print(
        f"final {scenario.ears.final_after_ms:.0f} ms after the last sound, first token after "
        f"{scenario.mind.first_token_ms:.0f} ms, first sound after "
        f"{scenario.mouth.first_byte_ms:.0f} ms\n\nstages | first_audio_ms | caller waited"
    )
    async with (
        simulated_installation(scenario) as (installation, _),
        open_customer(installation) as customer,
    ):
        session = await customer.open_session(
            language="en-IN", greeting=GREETING, max_duration_seconds=3600
        )
        async with calling(session) as caller:
            await hear_greeting(caller)
            waited = [await _waited_ms(caller, question) for question in _questions(turns)]
        await customer.until(session["id"], lambda one: one["turn_count"] == turns + 1)
        for wait_ms, turn in zip(waited, (await customer.turns(session["id"]))[1:], strict=True):
            stages = " + ".join(f"{name} {ms}" for name, ms in (turn["stages"] or {}).items())
            print(f"{stages} | {turn['first_audio_ms']} | {wait_ms:.0f}")
    p50, p95 = statistics.median(waited), np.percentile(waited, 95)
    print(f"\n{turns} turns: p50 {p50:.0f} ms (at most {TARGET_MS} wanted), p95 {p95:.0f} ms")


def _questions(count: int) -> list[str]:
    """No two alike, so that no answer is spoken from memory."""
    dice = random.Random(1)
    return [" ".join(dice.sample(ENGLISH, WORDS_A_QUESTION)) for _ in range(count)]


async def _waited_ms(caller: RoomCaller, question: str) -> float:
    await speak(caller, question)
    ended_s = caller.end_s - GAP_MS / 1000
    heard_s = caller.first_heard_after(ended_s)
    assert heard_s is not None
    return (heard_s - ended_s) * 1000


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS))
