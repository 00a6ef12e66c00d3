"""One tenant's broken key: what does it make another tenant's calls wait?

`python -m bench.providers.isolation [ROUNDS]` (6: five minutes). Both tenants' engines run in one
process over the same connections, as in a call process; the simulated vendors, at published medians,
in another. Eight callers of each tenant ask for an answer and have it spoken, again and again. What
breaks is the other tenant's key only; conditions take turns within each round, the healthy one is
the control. Behind each difference stands within which bounds it lies, by drawing the turns again
2,000 times (the middle 95 %).

Exits 1 where a broken key costs more than `TARGET_MS` for certain.
"""

import asyncio
import json
import logging
import random
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import aiohttp
import numpy as np
from livekit.agents import APIConnectOptions, APIError, llm
from numpy.typing import NDArray

from callmissed.domain.models import Access, Route, Service, SpareVoice
from callmissed.providers import NoMeter, Warm
from callmissed.providers.builders import Parts, build_llm, build_tts
from callmissed.providers.catalog import load_catalog
from callmissed.runtime.embedded.ports import free_ports

Waits = NDArray[np.float64]

HEALTHY, ABSENT = "healthy", "absent"
CONDITIONS = (HEALTHY, ABSENT, "refused", "hang", "rate_limit", "server_error")
ROUNDS, CALLERS, CONDITION_S, PAUSE_S = 6, 8, 8.0, 0.2
DRAWS = 2000
TARGET_MS = 5.0
OURS, THEIRS, REFUSED = "key-of-ours", "key-of-theirs", "bad-key-of-theirs"
QUESTION, ANSWER = "When do you open?", "We are open from nine."
SCENARIO = {"mind": {"reply": ANSWER}, "mouth": {"speak": "tones"}}
ONCE = APIConnectOptions(max_retry=0, timeout=2.0)
PATHS = {"sarvam": "/sarvam", "clarifai": "/clarifai/v2/ext/openai/v1"}


async def main(rounds: int) -> bool:
    waits_ms: dict[str, list[float]] = defaultdict(list)
    dice, warm = random.Random(rounds), Warm()
    async with simulated_vendors() as origin, aiohttp.ClientSession() as control:
        await control.put(f"{origin}/_scenario", json=SCENARIO)
        for _ in range(rounds):
            for condition in dice.sample(CONDITIONS, len(CONDITIONS)):
                await _break(control, origin, condition)
                waits_ms[condition] += await _run(origin, warm, condition)
    await warm.aclose()
    return report(waits_ms)


def report(waits_ms: dict[str, list[float]]) -> bool:
    """Prints what was seen; False where a key costs more than may be, whatever the chance."""
    print(
        "| the other tenant's key | turns | p50 ms | p95 ms | p95 more, ms | within | than absent |"
    )
    print("|---|---|---|---|---|---|---|")
    is_well = True
    for condition in CONDITIONS:
        turns_ms = np.array(waits_ms[condition])
        p50, p95 = np.percentile(turns_ms, (50, 95))
        more, least, most = _more_ms(turns_ms, np.array(waits_ms[HEALTHY]))
        than_absent, *_ = _more_ms(turns_ms, np.array(waits_ms[ABSENT]))
        print(
            f"| {condition} | {len(turns_ms)} | {p50:.1f} | {p95:.1f} | {more:+.1f} "
            f"| {least:+.1f} to {most:+.1f} | {than_absent:+.1f} |"
        )
        is_well &= least <= TARGET_MS
    print(f"\nwanted: at most {TARGET_MS:.0f} ms more than beside a healthy key")
    return is_well


def _more_ms(turns_ms: Waits, control_ms: Waits) -> tuple[float, float, float]:
    """How much later the 95th percentile is, and the bounds of that."""
    chance = np.random.default_rng(1)

    def drawn(values: Waits) -> Waits:
        again = chance.choice(values, (DRAWS, len(values)))
        return np.asarray(np.percentile(again, 95, axis=1), np.float64)

    least, most = np.percentile(drawn(turns_ms) - drawn(control_ms), (2.5, 97.5))
    more = np.percentile(turns_ms, 95) - np.percentile(control_ms, 95)
    return float(more), float(least), float(most)


async def _run(origin: str, warm: Warm, condition: str) -> list[float]:
    """What our callers waited while theirs ran beside them."""
    their_key = REFUSED if condition == "refused" else THEIRS
    waited: list[float] = []
    until_s = time.monotonic() + CONDITION_S
    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            if condition != ABSENT:
                group.create_task(_call(origin, warm, "theirs", their_key, until_s, []))
            group.create_task(_call(origin, warm, "ours", OURS, until_s, waited))
    return waited


async def _call(
    origin: str, warm: Warm, owner: str, key: str, until_s: float, waited_ms: list[float]
) -> None:
    catalog = load_catalog()
    stt, model, voice = (
        catalog.find(one, catalog.defaults[one]) for one in (Service.STT, Service.LLM, Service.TTS)
    )
    assert stt is not None
    assert model is not None
    assert voice is not None
    parts = Parts(Route(stt, model, voice, "shubh", "en-IN", "en-IN"), warm, (), NoMeter())
    access = {
        name: Access(replace(catalog.providers[name], base_url=origin + path), key, owner)
        for name, path in PATHS.items()
    }
    mind = build_llm(model, access[model.provider], parts)
    mouth = build_tts(SpareVoice(voice, "shubh"), access[voice.provider], parts)
    context = llm.ChatContext.empty()
    context.add_message(role="user", content=QUESTION)
    waits_ms: list[float] = []
    try:
        while time.monotonic() < until_s:
            began_s = time.perf_counter()
            # A key that fails is why this is run; ours must not.
            with suppress(*((APIError,) if owner == "theirs" else ())):
                async with mind.chat(chat_ctx=context, conn_options=ONCE) as words:
                    token_s = await _first(words) - began_s
                began_s = time.perf_counter()
                async with mouth.synthesize(ANSWER, conn_options=ONCE) as sound:
                    sound_s = await _first(sound) - began_s
                waits_ms.append((token_s + sound_s) * 1000)
            await asyncio.sleep(PAUSE_S)
    finally:
        # Each call's first turn opens its connections, all at the same moment here.
        waited_ms += waits_ms[1:]
        await mind.aclose()
        await mouth.aclose()


async def _first(stream: AsyncIterator[object]) -> float:
    """When the first of it came; the rest is read too."""
    first_s: float | None = None
    async for _ in stream:
        first_s = first_s or time.perf_counter()
    assert first_s is not None
    return first_s


async def _break(control: aiohttp.ClientSession, origin: str, condition: str) -> None:
    faults: Sequence[dict[str, str]] = ()
    if condition not in (HEALTHY, ABSENT, "refused"):
        faults = [{"place": "*", "kind": condition, "key": THEIRS}]
    async with control.put(f"{origin}/_faults", data=json.dumps(faults)) as answer:
        answer.raise_for_status()


@asynccontextmanager
async def simulated_vendors() -> AsyncIterator[str]:
    """Their origin; a process of their own, so that serving costs us nothing."""
    (port,) = free_ports("127.0.0.1", 1)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callmissed", "dev", "providers", "--port", str(port)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    sys.exit(0 if asyncio.run(main(rounds)) else 1)
