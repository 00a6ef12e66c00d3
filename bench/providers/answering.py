"""Turns whose language and speech models fail at random: how long nobody speaks, what is lost.

`python -m bench.providers.answering [TURNS] [SEED] [AT_ONCE]` (300, 1, 3) takes about fifteen minutes.
The calls run without a room, on the simulators at the vendors' published medians. Dead air is
measured at the transport: from the caller's last sound to the agent's next.
"""

import asyncio
import logging
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence

from callmissed.runtime.call import prepare_process
from tests.voice.fault_findings import (
    agrees_with_ledger,
    is_remembered_as_heard,
    said_words,
    used,
    used_in_turns,
)
from tests.voice.faulted_calls import CallRun, TurnRun, run_faulted_call

TURNS_A_CALL = 15


async def main(turns: int = 300, seed: int = 1, at_once: int = 3) -> None:
    prepare_process()
    gate = asyncio.Semaphore(at_once)

    async def run(number: int) -> CallRun:
        async with gate:
            return await run_faulted_call(TURNS_A_CALL, seed + number)

    calls = await asyncio.gather(*(run(number) for number in range(-(-turns // TURNS_A_CALL))))
    report(calls)


def report(calls: Sequence[CallRun]) -> None:
    turns = [turn for call in calls for turn in call.turns]
    heard = [turn.dead_air_s for turn in turns if turn.dead_air_s is not None]
    gaps = [turn.gap_s for turn in turns if turn.gap_s is not None]
    struck = [turn for turn in turns if turn.turn.trace.keys() & {"fallbacks", "failure"}]
    print(f"{len(calls)} calls, {len(turns)} turns, {len(struck)} of them struck by a fault")
    print(f"dead air, caller's last sound to agent's next: {spread(heard)}")
    print(f"longest silence inside what the agent says:    {spread(gaps)}")
    print(f"turns without any sound: {len(turns) - len(heard)}")
    print(f"answers that failed, with an apology: {sum('failure' in t.turn.trace for t in turns)}")
    print(f"turns with a filler: {sum('fillers' in t.turn.trace for t in turns)}")
    print(f"sessions stuck: {sum(call.stuck for call in calls)}")
    differing = [turn for turn in turns if list(turn.played) != said_words(turn.turn)]
    print(f"turns whose transcript is not what was played, word for word: {len(differing)}")
    unlike = [call for call in calls if not is_remembered_as_heard(call)]
    print(f"calls whose model remembers other than what was heard: {len(unlike)}")
    unequal = [call for call in calls if not agrees_with_ledger(call)]
    print(f"calls whose usage is not the ledger's, to the token and character: {len(unequal)}")
    torn = [call for call in calls if not _covers(used(call), used_in_turns(call))]
    print(f"calls whose turns say more than the call: {len(torn)}")
    print_kinds(struck)
    for turn in differing:
        print(f"  said {said_words(turn.turn)} played {list(turn.played)} {turn.faults}")
    for call in unequal:
        print(f"  used {used(call)} delivered {dict(call.delivered)}")


def print_kinds(turns: Iterable[TurnRun]) -> None:
    """Dead air by what failed."""
    groups: dict[str, list[float]] = defaultdict(list)
    for turn in turns:
        where = "+".join(sorted({fault.place.split(".")[1] for fault in turn.faults})) or "after"
        kind = turn.faults[0].kind if turn.faults else "none"
        groups[f"{where} {kind}"].append(turn.dead_air_s or float("nan"))
    for name, values in sorted(groups.items()):
        print(f"  {name:24} {len(values):4} turns, dead air {spread(values)}")


def spread(values: Sequence[float]) -> str:
    """p50, p95, p99 and the most, in ms."""
    ranked = sorted(values)
    if not ranked:
        return "-"
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return ", ".join(
        f"{name} {ranked[min(len(ranked) - 1, int(share * len(ranked)))] * 1000:.0f}"
        for name, share in shares.items()
    )


def _covers(whole: dict[object, int], part: dict[object, int]) -> bool:
    return all(amount <= whole.get(kind, 0) for kind, amount in part.items())


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main(*map(int, sys.argv[1:4])))
