"""What the simulated providers delivered, to be compared with what was recorded as used."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

MAX_REQUESTS = 20_000

Measure = Literal[
    "audio_ms", "characters", "input_tokens", "cached_input_tokens", "output_tokens", "requests"
]
Outcome = Literal["open", "finished", "left", "failed"]


@dataclass(slots=True)
class Request:
    """One use of a place. `fields` are its query or body without sound.

    `outcome`: `finished` as the format ends it, `left` by the client before, `failed` by a fault
    or a refusal. `amounts` are what it delivered so far, by measure.
    `messages` are the configs and texts that a voice's socket was sent, in their order.
    """

    number: int
    place: str
    model: str
    key: str
    fields: Mapping[str, Any]
    outcome: Outcome = "open"
    amounts: dict[str, int] = field(default_factory=dict)
    messages: list[Any] = field(default_factory=list)

    def count(self, measure: Measure, amount: int) -> None:
        self.amounts[measure] = self.amounts.get(measure, 0) + amount


class Ledger:
    """The last 20,000 uses."""

    def __init__(self) -> None:
        self._requests: deque[Request] = deque(maxlen=MAX_REQUESTS)
        self._count = 0

    def open(self, place: str, model: str, key: str, fields: Mapping[str, Any]) -> Request:
        self._count += 1
        request = Request(self._count, place, model, key, dict(fields))
        self._requests.append(request)
        return request

    def requests(self, place: str = "*") -> list[Request]:
        """Those of a place, or of every place below it, oldest first."""
        return list(self._of(place, None, None))

    def total(
        self,
        measure: Measure,
        *,
        place: str = "*",
        model: str | None = None,
        key: str | None = None,
    ) -> int:
        """The sum over the requests that match."""
        if measure == "requests":
            return sum(1 for _ in self._of(place, model, key))
        return sum(one.amounts.get(measure, 0) for one in self._of(place, model, key))

    def document(self) -> Any:
        """As JSON values: the sums per place, model and key, then the last 100 requests."""
        sums: dict[tuple[str, str, str], dict[str, int]] = {}
        for one in self._requests:
            row = sums.setdefault((one.place, one.model, one.key[:6]), {"requests": 0})
            row["requests"] += 1
            for measure, amount in one.amounts.items():
                row[measure] = row.get(measure, 0) + amount
        return {
            "delivered": [
                {"place": place, "model": model, "key": key, **row}
                for (place, model, key), row in sums.items()
            ],
            "requests": [asdict(one) | {"key": one.key[:6]} for one in list(self._requests)[-100:]],
        }

    def clear(self) -> None:
        self._requests.clear()

    def _of(self, place: str, model: str | None, key: str | None) -> Iterator[Request]:
        for one in self._requests:
            is_there = place in ("*", one.place) or one.place.startswith(place + ".")
            if is_there and model in (None, one.model) and key in (None, one.key):
                yield one
