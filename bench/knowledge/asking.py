"""The calls of `first_audio`: `python -m bench.knowledge.asking FILE` prints what was seen."""

import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import uvloop
from pydantic import TypeAdapter

from bench.loop.contract import (
    FRAME_S,
    PERIOD_S,
    QUESTION,
    SPEECH_S,
    Policy,
    ask_on_schedule,
    feed,
    now_s,
    schedule,
)
from bench.loop.our_calls import terms
from bench.loop.running import watch_lag
from bench.loop.stack_ours import OurSeat, prepare
from callmissed.domain.knowledge import Retrieval, Semantics
from callmissed.domain.models import Access, Model, ModelStatus, Provider, Service
from callmissed.providers import Warm
from callmissed.runtime.desk import LibraryDesk
from callmissed.runtime.library import Library

SEED = 6
MODEL, DIMENSIONS = "meaning/m", 512
PARTIAL_S = 0.02
KINDS = ("off", "words", "meaning")


@dataclass(frozen=True, slots=True)
class Asked:
    """Where to look things up, and how many calls of each kind ask how often."""

    database_url: str
    tenant_id: UUID
    base_id: UUID
    server_url: str
    questions: list[str]
    calls: int
    turns: int

    def encode(self) -> bytes:
        return _asked.dump_json(self)


_asked = TypeAdapter(Asked)


class AskingSeat(OurSeat):
    """Asks another question in each turn, in the time of the recorded one."""

    def __init__(self, questions: Sequence[str], *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._questions, self._number = questions, 0

    async def hear_partial(self, words: str) -> None:
        await super().hear_partial(self._meant() if words == QUESTION else words)

    async def hear_final(self, words: str) -> None:
        await super().hear_final(self._meant())
        self._number += 1

    def _meant(self) -> str:
        return self._questions[self._number % len(self._questions)]


class TimedDesk(LibraryDesk):
    """Keeps how long each search took."""

    took_ms: list[float]

    async def retrieve(self, words: str, earlier: Sequence[str] = ()) -> Retrieval:
        answer = await super().retrieve(words, earlier)
        self.took_ms.append(answer.took_ms)
        return answer


@dataclass(slots=True)
class Window:
    """Times in ms, by kind of call."""

    ttfa: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    lost: int = 0
    lags: list[float] = field(default_factory=list)
    searches: dict[str, list[float]] = field(default_factory=dict)


def a_model() -> Model:
    options = {"dimensions": DIMENSIONS, "least_similarity": -1.0}
    listed = (Service.EMBEDDING, "meaning", "m", ModelStatus.AVAILABLE, ())
    return Model(MODEL, *listed, options=options)


@asynccontextmanager
async def reading_beside(database_url: str, is_on: bool) -> AsyncIterator[list[float]]:
    """Another process reads a PDF again and again; how long each took, in seconds."""
    took: list[float] = []
    if not is_on:
        yield took
        return
    argv = [sys.executable, "-m", "bench.knowledge.reader", database_url]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield took
    finally:
        out, _ = await asyncio.to_thread(process.communicate, "\n")
        took += json.loads(out.splitlines()[-1])


async def ask_all(
    seats: Sequence[tuple[str, AskingSeat]], turns: int, plans: Sequence[list[float]]
) -> Window:
    window = Window()
    policy = Policy(partial_s=PARTIAL_S)
    begins_s = now_s() + 0.5
    for plan in plans:
        plan += schedule(turns, begins_s, False)
    watching = asyncio.create_task(watch_lag(window.lags))
    asked = [plan[-turns - 1 :] for plan in plans]
    pairs = zip(seats, asked, strict=True)
    answers = await asyncio.gather(
        *(ask_on_schedule(seat, plan, policy) for (_, seat), plan in pairs)
    )
    await asyncio.sleep(2.0)
    watching.cancel()
    for (kind, _), made in zip(seats, answers, strict=True):
        for turn in made[1:]:
            if turn.audio_s is None or turn.audio_s - turn.true_end_s > PERIOD_S - SPEECH_S:
                window.lost += 1
            else:
                window.ttfa[kind].append((turn.audio_s - turn.true_end_s) * 1000)
    return window


def summary(window: Window) -> dict[str, object]:
    def cut(values: Sequence[float]) -> dict[str, float]:
        cuts = statistics.quantiles(values, n=100)
        return {"p50": round(cuts[49], 1), "p95": round(cuts[94], 1), "of": len(values)}

    lags = [lag * 1000 for lag in window.lags]
    return {
        **{f"{kind}_ttfa_ms": cut(window.ttfa[kind]) for kind in KINDS},
        **{f"{kind}_search_ms": cut(took) for kind, took in window.searches.items()},
        "lost": window.lost,
        "loop_lag_ms": {**cut(lags), "p99": round(statistics.quantiles(lags, n=100)[98], 1)},
    }


def knows(asked: Asked) -> dict[str, dict[str, Any]]:
    """What changes in the terms of a call of each kind."""
    access = Access(Provider("meaning", "openai", asked.server_url, needs_key=False))
    semantics = (Semantics(a_model(), access, (asked.base_id,)),)
    words = {"tenant_id": asked.tenant_id, "library_base_ids": (asked.base_id,)}
    return {"off": {}, "words": words, "meaning": {**words, "semantics": semantics}}


async def open_seats(
    asked: Asked, library: Library, folder: Path, warm: Warm
) -> tuple[list[tuple[str, AskingSeat]], dict[str, list[float]]]:
    """The calls, and where their searches note how long they take."""
    dice, seats = random.Random(SEED), []
    known, took = knows(asked), {kind: list[float]() for kind in KINDS[1:]}
    for kind in KINDS * asked.calls:
        more: dict[str, Any] = {"changes": known[kind]}
        if kind != "off":
            more["desk"] = TimedDesk(replace(terms(uuid4()), **known[kind]), library)
            more["desk"].took_ms = took[kind]
        questions = dice.sample(asked.questions, len(asked.questions))
        seat = AskingSeat(questions, folder, warm, **more)
        await seat.open()
        seats.append((kind, seat))
    return seats, took


async def run(asked: Asked, warm: Warm) -> dict[str, object]:
    random.seed(SEED)
    folder = Path(tempfile.mkdtemp(prefix="bench-knowledge-"))
    library = Library(asked.database_url, lambda: warm.connections)
    await library.warm()
    seats, searches = await open_seats(asked, library, folder, warm)
    plans: list[list[float]] = [[] for _ in seats]
    begins_s = now_s()
    feeding = [
        asyncio.create_task(feed(seat, begins_s + random.random() * FRAME_S, plan))
        for (_, seat), plan in zip(seats, plans, strict=True)
    ]
    figures: dict[str, object] = {"calls": len(seats)}
    for name, is_on in (("alone", False), ("beside_reading", True)):
        async with reading_beside(asked.database_url, is_on) as took:
            for took_ms in searches.values():
                took_ms.clear()
            window = await ask_all(seats, asked.turns, plans)
            window.searches = {kind: list(took_ms) for kind, took_ms in searches.items()}
        figures[name] = summary(window)
    figures["readings_s"] = [round(one, 1) for one in took]
    for task in feeding:
        task.cancel()
    await asyncio.gather(*(seat.aclose() for _, seat in seats))
    await library.aclose()
    return figures


def main() -> None:
    asked = _asked.validate_json(Path(sys.argv[1]).read_bytes())
    uvloop.install()
    print(json.dumps(asyncio.run(run(asked, prepare()))))


if __name__ == "__main__":
    main()
