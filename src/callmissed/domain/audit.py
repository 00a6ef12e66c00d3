"""The audit log: who changed what, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from callmissed.domain.principals import Principal


class ActorKind(StrEnum):
    PERSON = "person"
    KEY = "key"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` is the person's or the key's; None for the system: a job, or whoever has the command
    line.
    """

    kind: ActorKind
    id: UUID | None


SYSTEM = Actor(ActorKind.SYSTEM, None)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`action` is `noun.verb` in the past (`api_key.revoked`), `target` the id of what was changed;
    `request_id` and `address` are None outside a request.
    """

    id: int
    actor: Actor
    action: str
    target: str
    details: Mapping[str, str]
    request_id: str | None
    address: str | None
    created_at: datetime


def actor_of(principal: Principal) -> Actor:
    if principal.key_id is not None:
        return Actor(ActorKind.KEY, principal.key_id)
    return Actor(ActorKind.PERSON, principal.person_id)
