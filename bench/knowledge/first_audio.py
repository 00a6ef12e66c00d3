"""What looking things up adds to the time to first audio, and what reading a large PDF beside the calls
does to them. Calls without a room, models that are the loop bench's oracles.

`python -m bench.knowledge.first_audio [--calls 8] [--turns 10]`. In one process, at the same time, as many
calls of each kind: `off` knows nothing, `words` looks into 20,000 passages on every turn, `meaning` also
by their vectors, with a question embedded by a simulated server. They ask so many turns with nothing
beside them, and again as many while a PDF of 300 pages is read again and again by another process.
"""

import argparse
import asyncio
import json
import random
import signal
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

import aiohttp
import numpy as np
import psycopg
import uvloop
from sqlalchemy.engine import make_url

from bench.knowledge.latency import make_questions, open_large
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
from callmissed.domain.knowledge import Semantics
from callmissed.domain.models import Access, Model, ModelStatus, Provider, Service
from callmissed.kit.directions import read_direction
from callmissed.providers import Warm
from callmissed.runtime.desk import LibraryDesk
from callmissed.runtime.embedded.ports import free_ports
from callmissed.runtime.library import Library
from tests.databases import admin_url

SEED = 5
DIMENSIONS = 512
PARTIAL_S = 0.02
KINDS = ("off", "words", "meaning")
COPY = (
    "copy passage_vectors (tenant_id, knowledge_base_id, document_id, position, model, signs, vector)"
    " from stdin"
)


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


@dataclass(slots=True)
class Window:
    """Times in ms, by kind of call."""

    ttfa: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    lost: int = 0
    lags: list[float] = field(default_factory=list)


def a_model() -> Model:
    options = {"dimensions": DIMENSIONS, "least_similarity": -1.0}
    listed = (Service.EMBEDDING, "meaning", "m", ModelStatus.AVAILABLE, ())
    return Model("meaning/m", *listed, options=options)


def put_vectors(admin: psycopg.Connection[Any], tenant: UUID, base: UUID) -> int:
    """One of no meaning for each passage of the tenant."""
    dice = np.random.default_rng(SEED)
    rows = admin.execute(
        "select document_id, position from passages where tenant_id = %s", [tenant]
    ).fetchall()
    with admin.cursor() as cursor, cursor.copy(COPY) as copy:
        for document_id, position in rows:
            one = read_direction(dice.standard_normal(DIMENSIONS).tolist())
            copy.write_row(
                (tenant, base, document_id, position, "meaning/m", one.signs, one.packed)
            )
    admin.execute("vacuum analyze passage_vectors")
    return len(rows)


@asynccontextmanager
async def embedding_server() -> AsyncIterator[str]:
    """The base URL of simulated providers in a process of their own."""
    (port,) = free_ports("127.0.0.1", 1)
    argv = [sys.executable, "-m", "callmissed", "dev", "providers", "--port", str(port)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    try:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"http://127.0.0.1:{port}/_ledger"):
                        break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.2)
        yield f"http://127.0.0.1:{port}/chat/v1"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


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
        took += json.loads(out)


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
        "lost": window.lost,
        "loop_lag_ms": {**cut(lags), "p99": round(statistics.quantiles(lags, n=100)[98], 1)},
    }


async def measure(calls: int, turns: int, warm: Warm) -> dict[str, object]:
    random.seed(SEED)
    folder = Path(tempfile.mkdtemp(prefix="bench-knowledge-"))
    async with (
        open_large(1) as (url, tenant, base, words, texts, count),
        embedding_server() as server_url,
    ):
        address = admin_url(url, make_url(url).database or "")
        with psycopg.connect(address, autocommit=True) as admin:
            vectors = put_vectors(admin, tenant, base)
        library = Library(url, lambda: warm.connections)
        await library.warm()
        access = Access(Provider("meaning", "openai", server_url, needs_key=False))
        semantics = (Semantics(a_model(), access, (base,)),)
        knows: dict[str, dict[str, Any]] = {
            "off": {},
            "words": {"tenant_id": tenant, "library_base_ids": (base,)},
        }
        knows["meaning"] = {**knows["words"], "semantics": semantics}
        seats: list[tuple[str, AskingSeat]] = []
        for kind in KINDS * calls:
            more: dict[str, Any] = {"changes": knows[kind]}
            if kind != "off":
                more["desk"] = LibraryDesk(replace(terms(uuid4()), **knows[kind]), library)
            questions = make_questions(words, texts, 2 * turns + 4)
            seat = AskingSeat(questions, folder, warm, **more)
            await seat.open()
            seats.append((kind, seat))
        plans: list[list[float]] = [[] for _ in seats]
        begins_s = now_s()
        feeding = [
            asyncio.create_task(feed(seat, begins_s + random.random() * FRAME_S, plan))
            for (_, seat), plan in zip(seats, plans, strict=True)
        ]
        figures: dict[str, object] = {"passages": count, "vectors": vectors, "calls": len(seats)}
        for name, is_on in (("alone", False), ("beside_reading", True)):
            async with reading_beside(url, is_on) as took:
                window = await ask_all(seats, turns, plans)
            figures[name] = summary(window)
        figures["readings_s"] = [round(one, 1) for one in took]
        for task in feeding:
            task.cancel()
        await asyncio.gather(*(seat.aclose() for _, seat in seats))
        await library.aclose()
        return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=8, help="of each kind")
    parser.add_argument("--turns", type=int, default=10)
    given = parser.parse_args()
    uvloop.install()
    print(json.dumps(asyncio.run(measure(given.calls, given.turns, prepare())), indent=2))


if __name__ == "__main__":
    main()
