"""Work on every core: a process each, with its own share and its own event loop."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def spread(run: Callable[[Sequence[Job]], list[Result]], jobs: Sequence[Job]) -> list[Result]:
    """What `run`, a function of a module, makes of each share of the jobs, in one list."""
    count = min(os.cpu_count() or 1, len(jobs))
    shares = [jobs[first::count] for first in range(count)]
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        return [result for results in pool.map(run, shares) for result in results]


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """`p50`, `p95`, `p99` and `max`; empty where there are no values."""
    ranked = sorted(values)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {
        name: ranked[min(len(ranked) - 1, int(share * len(ranked)))]
        for name, share in shares.items()
        if ranked
    }
