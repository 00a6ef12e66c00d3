"""Turns whose recognisers, language models and voices fail at random: how long nobody speaks, what
is lost.

`python -m bench.providers.answering [TURNS] [SEED] [--jump]` (300, 1) takes three minutes on two
cores, six calls at once on each. The calls run without a room, on the simulators at the vendors'
published medians. Dead air is measured at the transport: from the caller's last sound to the agent's
next. With `--jump` seconds pass at once: the times are those of a machine that is never busy.

Exits 1 where more is lost, or it is silent for longer, than may be.
"""

import asyncio
import logging
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial

import structlog

from bench.providers.spread import quantiles, spread
from callmissed.domain.prompts import unheard
from callmissed.runtime.call import prepare_process
from tests.virtual_time import run_call_jumping
from tests.voice.fault_findings import (
    is_remembered_as_heard,
    said_words,
    used,
    used_in_turns,
    wrong_words,
)
from tests.voice.faulted_calls import CallRun, TurnRun, run_faulted_call
from tests.voice.simulated_models import LANGUAGE

TURNS_A_CALL = 25
CALLS_AT_ONCE = 6
"""On each core: with more of them the machine is what fails."""
MOST_P95_S, MOST_P99_S = 2.5, 4.0
MOST_WRONG = 0.01
LEAVE = "answers in a row failed"


def main(turns: int, seed: int, *, jumps: bool) -> bool:
    seeds = [seed * 1000 + number for number in range(-(-turns // TURNS_A_CALL))]
    return report(spread(partial(run_calls, jumps=jumps), seeds))


def run_calls(seeds: Sequence[int], *, jumps: bool) -> list[CallRun]:
    """One call for each seed."""
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    prepare_process()
    if jumps:
        return [run_call_jumping(run_faulted_call(TURNS_A_CALL, seed)) for seed in seeds]
    return asyncio.run(_run_together(seeds))


async def _run_together(seeds: Sequence[int]) -> list[CallRun]:
    gate = asyncio.Semaphore(CALLS_AT_ONCE)

    async def run(seed: int) -> CallRun:
        async with gate:
            return await run_faulted_call(TURNS_A_CALL, seed)

    return await asyncio.gather(*map(run, seeds))


def report(calls: Sequence[CallRun]) -> bool:
    """Prints what was seen; True where all of it is as it should be."""
    turns = [turn for call in calls for turn in call.turns]
    heard_s = [turn.dead_air_s for turn in turns if turn.dead_air_s is not None]
    gaps_s = [turn.gap_s for turn in turns if turn.gap_s is not None]
    understood = [turn for turn in turns if not was_told_unheard(turn)]
    said = sum(len(turn.said) for turn in understood)
    wrong = sum(map(wrong_words, understood))
    silent, stuck = len(turns) - len(heard_s), sum(call.stuck for call in calls)
    lost = [turn for turn in turns if not turn.heard and not was_told_unheard(turn)]
    print(f"{len(calls)} calls, {len(turns)} questions, {sum(map(was_struck, turns))} struck")
    print(f"dead air, caller's last sound to agent's next: {spell(heard_s)}")
    print(f"longest silence inside what the agent says:    {spell(gaps_s)}")
    print(f"questions behind which nothing was heard: {silent}; calls that stuck: {stuck}")
    early = [call for call in calls if call.ended_early]
    unmeant = [call for call in early if call.end is None or LEAVE not in call.end.detail]
    print(f"questions that are in no turn: {len(lost)}")
    print(f"calls that took their leave after four failed answers: {len(early) - len(unmeant)}")
    print(f"calls that ended for another reason: {len(unmeant)}")
    for call in unmeant:
        print(f"  {call.end.reason}: {call.end.detail}" if call.end else "  without an end")
    print(f"caller told that nobody heard them: {len(turns) - len(understood)}")
    share = 100 * wrong / said
    print(f"caller's words, else: {said}, lost, doubled or wrong: {wrong} ({share:.2f} %)")
    print(f"answers that ended in an apology: {sum('failure' in turn.trace for turn in turns)}")
    print(f"answers with a filler: {sum('fillers' in turn.trace for turn in turns)}")
    print_words(turns)
    unlike = sum(not is_remembered_as_heard(call) for call in calls)
    print(f"calls whose model was told other than what was heard: {unlike}")
    print_usage(calls)
    print_kinds(turns)
    ranks = quantiles(heard_s)
    in_time = ranks["p95"] <= MOST_P95_S and ranks["p99"] <= MOST_P99_S
    return in_time and not (silent or stuck or lost or unmeant) and wrong <= MOST_WRONG * said


def was_struck(turn: TurnRun) -> bool:
    """Whether somebody was left for another, or nobody was left."""
    hearing = turn.trace.get("stt", {})
    return bool(turn.trace.keys() & {"fallbacks", "failure"} or hearing.get("reconnects"))


def was_told_unheard(turn: TurnRun) -> bool:
    return any(one.agent_response == unheard(LANGUAGE) for one in turn.turns)


def print_words(turns: Iterable[TurnRun]) -> None:
    """Where the transcript is not what was played, word for word."""
    pairs = [(said_words(turn.turns), list(turn.played), turn) for turn in turns]
    differing = [pair for pair in pairs if pair[0] != pair[1]]
    print(f"answers whose transcript is not what was played, word for word: {len(differing)}")
    for said, played, turn in differing:
        print(f"  {turn.faults}: said {' '.join(said)}; played {' '.join(played)}")


def print_usage(calls: Iterable[CallRun]) -> None:
    """What the calls counted, beside what the simulators delivered."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for call in calls:
        for column, amounts in enumerate((used(call), call.delivered, used_in_turns(call))):
            for (_, measure), amount in amounts.items():
                sums[str(measure)][column] += amount
    for measure, (counted, delivered, in_turns) in sorted(sums.items()):
        print(f"{measure}: counted {counted} (in turns {in_turns}), delivered {delivered}")


def print_kinds(turns: Iterable[TurnRun]) -> None:
    """Dead air by what failed."""
    groups: dict[str, list[float]] = defaultdict(list)
    for turn in turns:
        heard_s = float("nan") if turn.dead_air_s is None else turn.dead_air_s
        groups[str(turn.faults)].append(heard_s)
        groups[f"all {turn.faults.service or 'that meet no fault'}"].append(heard_s)
    for name, values_s in sorted(groups.items()):
        print(f"  {name:28} {len(values_s):4} times, dead air {spell(values_s)}")


def spell(values_s: Sequence[float]) -> str:
    """In ms."""
    told = [f"{name} {value_s * 1000:.0f}" for name, value_s in quantiles(values_s).items()]
    return ", ".join(told) or "-"


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    count, first = (numbers + [300, 1][len(numbers) :])[:2]
    sys.exit(0 if main(count, first, jumps="--jump" in sys.argv) else 1)
