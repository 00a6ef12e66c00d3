"""The processes that run calls, as the database knows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from callmissed.domain.sessions import EndReason

LEASE_S = 3.0
WORKER_SILENT_S = 4.0
ORPHAN_S = 45.0


@dataclass(frozen=True, slots=True)
class Worker:
    """`slots` is how many calls it holds at most; `address` where its media sockets are, if it has
    any.
    """

    id: UUID
    name: str
    slots: int
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker tells of itself: `slots` is 0 until it can take calls, `lag_ms` how late its
    slowest event loop was, `running` the epoch of each session that runs in it.
    """

    slots: int
    free_slots: int
    lag_ms: float = 0.0
    running: Mapping[UUID, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What all living workers tell together; `lag_ms` is that of the slowest."""

    workers: int
    slots: int
    free_slots: int
    lag_ms: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A session that a worker may run until its lease lapses; `epoch` fences what it writes."""

    session_id: UUID
    tenant_id: UUID
    epoch: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database says to a worker's beat: which sessions it `holds`; which of those that run
    in it were `overtaken` by a later epoch, and which have `ended` and why; whether it was
    `asked_to_drain`.
    """

    holds: tuple[Claim, ...] = ()
    overtaken: frozenset[UUID] = frozenset()
    ended: Mapping[UUID, EndReason] = field(default_factory=dict)
    asked_to_drain: bool = False
