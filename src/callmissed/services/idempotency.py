"""`Idempotency-Key`: the same request twice makes one thing, also when both arrive at once."""

from dataclasses import dataclass
from uuid import UUID

from callmissed.domain.errors import Kind, Refusal
from callmissed.store import idempotency
from callmissed.store.tenant import TenantDb

KEPT_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Replay:
    """The request was done before; answer with what it made, and with what was sealed for it."""

    resource_id: UUID
    sealed_answer: bytes | None = None


async def claim_key(db: TenantDb, key: str, body_hash: bytes) -> Replay | None:
    """None: the key is ours in this transaction, do the work and `remember` it.

    A second transaction with the same key waits here until the first has ended. `body_hash` covers
    the route too. Raises Refusal IDEMPOTENCY_MISMATCH where the key came with another body,
    UNAVAILABLE when the wait is too long.
    """
    if await idempotency.add(db, key, body_hash):
        return None
    found = await idempotency.find(db, key)
    if found is None or found.resource_id is None:
        raise Refusal(
            Kind.UNAVAILABLE,
            "A request with the same Idempotency-Key is under way.",
            "Send the same request again in a second.",
            retry_after_s=1,
        )
    if found.body_hash != body_hash:
        raise Refusal(
            Kind.IDEMPOTENCY_MISMATCH,
            "This Idempotency-Key was used with another request.",
            "Use a new key for a new request.",
        )
    return Replay(found.resource_id, found.sealed_answer)


async def remember(
    db: TenantDb, key: str, resource_id: UUID, sealed_answer: bytes | None = None
) -> None:
    """To be called in the transaction that claimed the key. `sealed_answer` is what can be shown
    once only, kept for a replay as long as the key is.
    """
    await idempotency.set_resource(db, key, resource_id, sealed_answer)
