"""How a worker and its call processes do, as metrics."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from callmissed.runtime.metrics import LAG_BUCKETS_S, Board
from callmissed.runtime.shipping import Shipper
from callmissed.runtime.wire import Beat


class Processes(Protocol):
    """Call processes, as far as they are shown; a `Fleet` is one."""

    @property
    def running(self) -> Mapping[UUID, int]: ...

    @property
    def pids(self) -> Sequence[int]: ...

    @property
    def breakers(self) -> Sequence[Mapping[str, Mapping[str, int]]]: ...

    deaths: int


class WorkerMetrics:
    """`note_beat` is told each beat of a call process, `look` is called once a second."""

    def __init__(self, board: Board) -> None:
        self._lag_s = board.measure(
            "call_process_lag_seconds",
            "How late the loop of a call process was at worst between two beats.",
            buckets=LAG_BUCKETS_S,
        )
        self._calls = board.show("calls_running", "Calls that run here.")
        self._slots = board.show("slots", "Calls that this worker holds at most.")
        self._free_slots = board.show("slots_free", "Calls that it takes now.")
        self._processes = board.show(
            "call_processes", "Call processes that live, spares among them."
        )
        self._deaths = board.count("call_process_deaths", "Call processes that died.")
        self._breakers = board.show(
            "circuit_breakers",
            "Circuit breakers of the call processes, one a provider and owner of its key, by state: "
            "closed, open or half_open.",
            "provider",
            "state",
        )
        self._waiting = board.show(
            "journal_notes_waiting", "Notes of calls that the database has not taken yet."
        )
        self._oldest_s = board.show(
            "journal_lag_seconds", "How long the oldest of them waits; 0 where none does."
        )
        self._seen_deaths = 0

    def note_beat(self, beat: Beat) -> None:
        self._lag_s.observe(beat.lag_ms / 1000)

    def look(self, processes: Processes, shipper: Shipper, slots: int, free_slots: int) -> None:
        self._calls.set(len(processes.running))
        self._slots.set(slots)
        self._free_slots.set(free_slots)
        self._processes.set(len(processes.pids))
        self._deaths.inc(processes.deaths - self._seen_deaths)
        self._seen_deaths = processes.deaths
        self._show_breakers(processes.breakers)
        waiting, oldest_s = shipper.look_at_backlog()
        self._waiting.set(waiting)
        self._oldest_s.set(oldest_s)

    def _show_breakers(self, told: Sequence[Mapping[str, Mapping[str, int]]]) -> None:
        states: Tally[tuple[str, str]] = Tally()
        for breakers in told:
            for provider, of_state in breakers.items():
                for state, count in of_state.items():
                    states[provider, state] += count
        self._breakers.clear()
        for (provider, state), count in states.items():
            self._breakers.labels(provider, state).set(count)
