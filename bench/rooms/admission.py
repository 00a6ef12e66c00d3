"""Offered twice the calls that it takes, does a machine keep its word to those it took?

`python -m bench.rooms.admission [--slots 4] [--turns 4] [--to FOLDER]` starts a whole installation
with simulated vendors. First it is given as many calls as it has slots; then, when they are over,
twice as many at once, and one more every quarter of a second for as long as they talk. Writes
`admission.md`: who was taken, who was refused and how, and how long the callers waited in both.
"""

import argparse
import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.loop.__main__ import OUT, machine
from bench.loop.contract import PERIOD_S, now_s, sleep_until
from bench.loop.percentiles import percentile
from bench.rooms.callers import running_callers
from bench.rooms.measuring import plan_talk, question_ends_s, waits_s, write_sounds
from callmissed.dev.scenario import Ears, Scenario, Utterance
from callmissed.dev.vocabulary import ENGLISH
from tests.e2e.caller import SESSIONS, Customer, open_customer
from tests.e2e.simulated import simulated_installation

PROCESSES = 2
WORDS_A_QUESTION = 5
QUESTIONS = 200
GREETED_AFTER_S = 6.0
OFFER_EVERY_S = 0.25
KEPT_WITHIN_MS = 50.0
FREE_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Phase:
    """`answers` are the statuses of what was offered; `later` those of what was offered while the
    accepted talked."""

    answers: Counter[str]
    later: Counter[str]
    waits_ms: list[float]
    lost: int
    holes: int


async def offer(slots: int, turns: int) -> tuple[Phase, Phase]:
    """With as many calls as there are slots, then with twice as many."""
    settings = {
        "CALLMISSED_WORKER_PROCESSES": str(PROCESSES),
        "CALLMISSED_WORKER_SLOTS": str(slots),
        # What one call says is not to be what another has said before.
        "CALLMISSED_SENTENCE_CACHE_MB": "0",
    }
    places = slots * PROCESSES
    with tempfile.TemporaryDirectory(prefix="bench-admission-") as made:
        sounds = write_sounds(Path(made))
        async with (
            simulated_installation(Scenario(Ears(hear="script", script=_script())), **settings) as (
                installation,
                _,
            ),
            open_customer(installation) as customer,
        ):
            bot_id = await customer.bot_id()
            await _until_free(customer, bot_id)
            fitting = await _run(customer, bot_id, sounds, places, turns, keeps_offering=False)
            doubled = await _run(customer, bot_id, sounds, 2 * places, turns, keeps_offering=True)
    return fitting, doubled


def _script() -> tuple[Utterance, ...]:
    """No two questions alike."""
    dice = random.Random(1)
    return tuple(
        Utterance(" ".join(dice.sample(ENGLISH, WORDS_A_QUESTION))) for _ in range(QUESTIONS)
    )


async def _run(
    customer: Customer,
    bot_id: str,
    sounds: tuple[Path, Path],
    offered: int,
    turns: int,
    *,
    keeps_offering: bool,
) -> Phase:
    answers = await asyncio.gather(*(_create(customer, bot_id) for _ in range(offered)))
    sessions = [body for status, body in answers if status == "201"]
    address = sessions[0]["ws_url"]
    later: Counter[str] = Counter()
    async with running_callers(address, *sounds) as callers:
        await callers.join([one["token"] for one in sessions])
        begins_s = now_s() + GREETED_AFTER_S
        plans = [plan_talk(begins_s, turns, alone=False) for _ in sessions]
        await callers.talk(plans)
        knocking = asyncio.create_task(_knock(customer, bot_id, later)) if keeps_offering else None
        await sleep_until(begins_s + PERIOD_S * (turns + 2))
        if knocking is not None:
            knocking.cancel()
            with suppress(asyncio.CancelledError):
                await knocking
        heard = await callers.heard()
    for one in sessions:
        with suppress(Exception):
            await customer.delete_session(one["id"])
    await _until_free(customer, bot_id)
    waits = [
        wait
        for plan, bursts in zip(plans, heard, strict=True)
        for wait in waits_s(question_ends_s(plan)[1:], bursts)
    ]
    return Phase(
        Counter(status for status, _ in answers),
        later,
        [wait * 1000 for wait in waits if wait is not None],
        sum(wait is None for wait in waits),
        sum(burst.holes for bursts in heard for burst in bursts),
    )


async def _create(customer: Customer, bot_id: str) -> tuple[str, dict[str, Any]]:
    answer = await customer.client.post(SESSIONS, json={"bot_id": bot_id, "language": "en-IN"})
    body = dict(answer.json())
    if answer.status_code == 201:
        return "201", body
    return f"{answer.status_code} {body.get('error', {}).get('code', '')}".strip(), body


async def _knock(customer: Customer, bot_id: str, later: Counter[str]) -> None:
    """Wants one more call again and again, for ever; one that is taken is given back."""
    while True:
        status, body = await _create(customer, bot_id)
        later[status] += 1
        if status == "201":
            await customer.delete_session(body["id"])
        await asyncio.sleep(OFFER_EVERY_S)


async def _until_free(customer: Customer, bot_id: str) -> None:
    """Returns when a call would be taken again and all that were are over."""
    async with asyncio.timeout(FREE_WITHIN_S):
        while True:
            status, body = await _create(customer, bot_id)
            if status == "201":
                await customer.delete_session(body["id"])
                break
            await asyncio.sleep(OFFER_EVERY_S)
    await asyncio.sleep(3.0)


def page(fitting: Phase, doubled: Phase, places: int) -> str:
    here = machine()
    fitting_ms, doubled_ms = (percentile(one.waits_ms, 95) for one in (fitting, doubled))
    kept = doubled_ms <= fitting_ms + KEPT_WITHIN_MS and not doubled.lost
    refused_well = all(
        status == "201" or status.startswith("503") for status in [*doubled.answers, *doubled.later]
    )
    return "\n".join(
        [
            "# Offered twice what it takes",
            "",
            f"`make bench-admission`; {here['processor']}; {here['system']}; {here['date']}. "
            f"A whole installation with {places} places, simulated vendors and light callers on the "
            "same machine. From the last packet of a question to the first of the answer.",
            "",
            "| | offered at once | accepted | refused | offered later | answered / lost | first "
            "packet p50 / p95 ms | holes |",
            "|---|---|---|---|---|---|---|---|",
            _row("as many calls as places", fitting),
            _row("twice as many, and more", doubled),
            "",
            f"The accepted keep their p95 (within {KEPT_WITHIN_MS:.0f} ms, none lost): "
            f"{'yes' if kept else 'no'}. All others got 503: {'yes' if refused_well else 'no'}.",
            "",
        ]
    )


def _row(name: str, phase: Phase) -> str:
    refused = {status: count for status, count in phase.answers.items() if status != "201"}
    p50, p95 = percentile(phase.waits_ms, 50), percentile(phase.waits_ms, 95)
    cells: Sequence[str] = (
        name,
        str(phase.answers.total()),
        str(phase.answers["201"]),
        _counts(refused),
        _counts(phase.later),
        f"{len(phase.waits_ms)} / {phase.lost}",
        f"{p50:.0f} / {p95:.0f}",
        str(phase.holes),
    )
    return "| " + " | ".join(cells) + " |"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} × {status}" for status, count in counts.items()) or "–"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rooms.admission")
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--to", type=Path, default=OUT)
    given = parser.parse_args()
    random.seed(42)
    fitting, doubled = asyncio.run(offer(given.slots, given.turns))
    text = page(fitting, doubled, given.slots * PROCESSES)
    given.to.mkdir(parents=True, exist_ok=True)
    (given.to / "admission.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
