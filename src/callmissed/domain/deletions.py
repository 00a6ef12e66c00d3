"""Deleting data for good: a tenant, a session, what is known of a caller's number."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class DeletionKind(StrEnum):
    TENANT = "tenant"
    SESSION = "session"
    PHONE_NUMBER = "phone_number"


@dataclass(frozen=True, slots=True)
class Deletion:
    """`counts` says how many rows of what are gone so far. When it has finished nothing but this,
    and a keyed hash of what was deleted, is left.
    """

    id: UUID
    kind: DeletionKind
    counts: Mapping[str, int]
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, repr=False)
class OpenDeletion:
    """One that goes on: `subject` is the session's id or the number (E.164), None for a tenant;
    sessions up to the id `scanned_to` have been looked at.
    """

    id: UUID
    tenant_id: UUID
    kind: DeletionKind
    subject: str | None
    scanned_to: UUID | None
