"""The processes that run calls, as the database knows them."""

from dataclasses import dataclass
from uuid import UUID

LEASE_S = 3.0
WORKER_SILENT_S = 4.0
ORPHAN_S = 10.0


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
class Claim:
    """A session that a worker may run until its lease lapses; `epoch` fences what it writes."""

    session_id: UUID
    tenant_id: UUID
    epoch: int
