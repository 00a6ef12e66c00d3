"""Utterances in tones to simulated recognisers that fail at a random moment of each.

`python -m bench.providers.hearing [UTTERANCES] [SEED] [--jump]` (500, 1) prints a table; it exits 1
where more than one word in a hundred was lost, doubled or taken for another. Real sockets, in real
time, ten callers at once on each core; half of them have a spare. It takes four minutes on two cores.
With `--jump` seconds pass at once: the times are those of a machine that is never busy.
"""

import asyncio
import logging
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import aiohttp
import structlog
from livekit.agents import stt
from rapidfuzz.distance import Levenshtein

from bench.providers.spread import spread
from callmissed.dev.faults import Fault, Kind
from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.vocabulary import ENGLISH
from callmissed.domain.models import Access, Model, ModelStatus, Provider, Service
from callmissed.kit.recent import Recent
from callmissed.providers import NoMeter
from callmissed.providers.connections import Connections
from callmissed.providers.openai.audio_stt import OpenAIAudioSTT
from callmissed.providers.sarvam.stt import SarvamSTT, wires_of
from tests.virtual_time import run_call_jumping
from tests.voice.ears import Hearing

UTTERANCES = 500
AT_ONCE = 10
"""On each core."""
MOST_WRONG = 0.01
PATIENCE_S = 12.0
QUIET_S = 1.0

PLACES = {"realtime": "sarvam.realtime", "classic": "sarvam.stt", "audio": "audio.stt"}
SOCKET_FAULTS: Sequence[Kind] = (
    *("hang", "stall", "fin", "reset", "close", "server_error"),
    *("error_inside", "malformed", "huge_line", "never_final", "rate_limit", "refuse"),
)
HTTP_FAULTS: Sequence[Kind] = (
    *("hang", "stall", "fin", "reset", "server_error", "malformed", "rate_limit", "refuse"),
)


@dataclass(frozen=True)
class Run:
    """One utterance and what became of it. `final_s` is from its last sound to its last words."""

    wire: str
    kind: str
    said: Sequence[str]
    heard: Sequence[str]
    final_s: float | None
    was_told: bool

    @property
    def wrong(self) -> int:
        return Levenshtein.distance(self.said, self.heard)


@dataclass
class Bench:
    """The running simulators, and what the calls share."""

    providers: Providers
    http: aiohttp.ClientSession
    gate: asyncio.Semaphore

    def engine(self, wire: str, key: str) -> stt.STT:
        if wire == "audio":
            provider = Provider("audio", "openai", self.providers.audio_url)
            model = _model("whisper-1", "audio")
            access = Access(provider, key)
            return OpenAIAudioSTT(model, access, self.http, language="en-IN", meter=NoMeter())
        provider = Provider(
            "sarvam", "sarvam", self.providers.sarvam_url, "api-subscription-key", ""
        )
        model = _model("saaras:v3", "sarvam", sockets=(wire,))
        return SarvamSTT(
            self.http,
            Access(provider, key),
            wires_of(model, "en-IN"),
            model_id=model.id,
            language="en-IN",
            meter=NoMeter(),
            refused=Recent(10),
        )

    async def run(self, number: int, dice: random.Random) -> Run:
        wire = dice.choice(list(PLACES))
        kind = dice.choice(HTTP_FAULTS if wire == "audio" else SOCKET_FAULTS)
        said = dice.choices(ENGLISH, k=dice.randint(1, 16))
        after_ms = dice.randint(0, 1500 + len(said) * 200)
        has_spare = dice.random() < 0.5
        key = f"sk_{number}"
        unit = {} if wire == "audio" else {"after": after_ms, "unit": "audio_ms"}
        async with self.gate:
            self.providers.add_fault(Fault(PLACES[wire], kind, uses=(1,), key=key, **unit))
            engines = [self.engine(wire, key)]
            if has_spare:
                engines.append(self.engine("classic", f"{key}_spare"))
            hearing = Hearing(*engines)
            await hearing.say(" ".join(said), before_s=1.0, then_quiet_s=QUIET_S)
            await _wait_for_words(hearing, len(said))
            await hearing.aclose()
            for engine in engines:
                await engine.aclose()
        finals = hearing.final_at_s
        was_told = bool(hearing.deaf_at_s or hearing.late_at_s)
        return Run(wire, kind, said, hearing.words, finals[-1] if finals else None, was_told)


def measure(seeds: Sequence[str], *, jumps: bool) -> list[Run]:
    """One utterance for each seed."""
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    return run_call_jumping(_measure(seeds)) if jumps else asyncio.run(_measure(seeds))


async def _measure(seeds: Sequence[str]) -> list[Run]:
    async with _bench() as bench:
        runs = [bench.run(number, random.Random(seed)) for number, seed in enumerate(seeds)]
        return await asyncio.gather(*runs)


def show(runs: Sequence[Run]) -> bool:
    """Prints what was seen; True where no more words were wrong than may be."""
    print("| recogniser | fault | utterances | words | wrong | p50 s | p95 s | told to wait |")
    print("|---|---|---|---|---|---|---|---|")
    for wire in PLACES:
        for kind in sorted({run.kind for run in runs if run.wire == wire}):
            _row(wire, kind, [run for run in runs if (run.wire, run.kind) == (wire, kind)])
    _row("all", "", runs)
    for run in runs:
        if run.wrong:
            print(f"{run.wire} {run.kind}: said {' '.join(run.said)!r}, heard", *run.heard)
    return sum(run.wrong for run in runs) <= MOST_WRONG * sum(len(run.said) for run in runs)


def _row(wire: str, kind: str, runs: Sequence[Run]) -> None:
    words, wrong = sum(len(run.said) for run in runs), sum(run.wrong for run in runs)
    finals = sorted(PATIENCE_S if run.final_s is None else run.final_s for run in runs)
    middle, high = finals[len(finals) // 2], finals[min(len(finals) - 1, len(finals) * 95 // 100)]
    told = sum(run.was_told for run in runs)
    print(
        f"| {wire} | {kind} | {len(runs)} | {words} | {wrong} | {middle:.2f} | {high:.2f} | {told} |"
    )


async def _wait_for_words(hearing: Hearing, count: int) -> None:
    """Until as many words are there as were said, and a moment longer for those said twice."""
    until_s = hearing.clock() + PATIENCE_S
    while len(hearing.words) < count and hearing.clock() < until_s:
        await hearing.be_quiet(0.1)
    await hearing.be_quiet(QUIET_S)


@asynccontextmanager
async def _bench() -> AsyncIterator[Bench]:
    connections = Connections()
    async with running_providers() as providers:
        try:
            yield Bench(providers, connections.session(), asyncio.Semaphore(AT_ONCE))
        finally:
            await connections.aclose()


def _model(model_id: str, provider: str, **options: object) -> Model:
    return Model(
        id=model_id,
        service=Service.STT,
        provider=provider,
        upstream=model_id,
        status=ModelStatus.AVAILABLE,
        languages=(),
        options=options,
    )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    count, seed = (numbers + [UTTERANCES, 1][len(numbers) :])[:2]
    seen = spread(
        partial(measure, jumps="--jump" in sys.argv),
        [f"{seed}/{number}" for number in range(count)],
    )
    sys.exit(0 if show(seen) else 1)
