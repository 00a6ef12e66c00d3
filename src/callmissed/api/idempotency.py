"""The header `Idempotency-Key`, and what makes two requests the same."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Header

from callmissed.domain.principals import Principal
from callmissed.kit.bounded_json import canonical_json

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[ -~]*$",
        description="The same key and body within a day get the same answer.",
    ),
]


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """The `Idempotency-Key` of a request, if it had one, and what makes a body the same."""

    key: str | None
    body_hash: bytes


def claim_of(key: str | None, route: str, sent: Mapping[str, Any]) -> KeyClaim:
    """`route` is the method and the path, `sent` every field that was sent."""
    body_hash = hashlib.sha256(route.encode() + b"\n" + canonical_json(sent)).digest()
    return KeyClaim(key, body_hash)


def claim_of_visitor(claim: KeyClaim, principal: Principal, address: str) -> KeyClaim:
    """Visitors of a page share its publishable key; none gets what another one made."""
    if claim.key is None:
        return claim
    owner = f"{principal.key_id}\n{address}\n{claim.key}".encode()
    return KeyClaim(f"visitor/{hashlib.sha256(owner).hexdigest()}", claim.body_hash)
