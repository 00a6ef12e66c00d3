"""What was seen call by call, kept in a file, so that a proof can be run in several windows."""

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Seen:
    """One call. `silent_s` is from the first death under it to the successor's first sound (None:
    nobody died, more than one did, or nobody was heard); `talked`: the caller was speaking at that
    death. `finished` turns stood in the journals of the dead.
    """

    what: str
    deaths: int
    silent_s: float | None
    talked: bool
    turns: int
    finished: int
    faults: tuple[str, ...]


class Record:
    """Calls of this window and, where there is a `file`, of those before it."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.calls: list[Seen] = []
        if file is not None and file.exists():
            lines = file.read_text().splitlines()
            self.calls = [Seen(**json.loads(line)) for line in lines]

    def add(self, seen: Seen) -> None:
        self.calls.append(seen)
        if self._file is not None:
            with self._file.open("a") as file:
                file.write(json.dumps(asdict(seen)) + "\n")

    def of(self, what: str) -> list[Seen]:
        return [seen for seen in self.calls if seen.what == what]


def summarise(what: str, calls: list[Seen]) -> dict[str, object]:
    """Silence over all calls, and over those whose caller was not speaking."""
    heard = [seen for seen in calls if seen.silent_s is not None]
    return {
        "what": what,
        "calls": len(calls),
        "calls_under_which_something_died": sum(seen.deaths > 0 for seen in calls),
        "deaths_under_calls": sum(seen.deaths for seen in calls),
        "turns": sum(seen.turns for seen in calls),
        "finished_before_a_death": sum(seen.finished for seen in calls),
        "faults": sum(len(seen.faults) for seen in calls),
        "silent_s": spread(seen.silent_s for seen in heard),
        "silent_s_caller_quiet": spread(seen.silent_s for seen in heard if not seen.talked),
    }


def spread(values: Iterable[float | None]) -> dict[str, float]:
    """How many, median, 95th percentile and the largest."""
    known = sorted(value for value in values if value is not None)
    if len(known) < 2:
        return {"n": len(known), "p50": known[0] if known else 0.0}
    cuts = statistics.quantiles(known, n=20, method="inclusive")
    return {
        "n": len(known),
        "p50": round(cuts[9], 2),
        "p95": round(cuts[18], 2),
        "max": round(known[-1], 2),
    }
