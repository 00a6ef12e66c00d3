"""Rows of `provider_keys`: a tenant's keys with providers, sealed."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping

from callmissed.domain.provider_keys import StoredKey
from callmissed.store.rows import OpenDb, change, fetch_all
from callmissed.store.schema import provider_keys
from callmissed.store.tenant import TenantDb

_keys = provider_keys.c


async def list_of(
    db: OpenDb, tenant_id: UUID, providers: Collection[str] | None = None
) -> list[StoredKey]:
    """Those with `providers`, by name; None for all."""
    statement = select(provider_keys).where(_keys.tenant_id == tenant_id).order_by(_keys.provider)
    if providers is not None:
        statement = statement.where(_keys.provider.in_(providers))
    return [_stored(row) for row in await fetch_all(db, statement)]


async def names_of(db: OpenDb, tenant_id: UUID) -> frozenset[str]:
    """The providers with which the tenant has a key."""
    rows = await fetch_all(db, select(_keys.provider).where(_keys.tenant_id == tenant_id))
    return frozenset(row["provider"] for row in rows)


async def put(
    db: TenantDb, provider: str, sealed: bytes, masked: str, base_url: str | None
) -> None:
    """In the place of the key that was there; what the provider said about that one is gone."""
    row = {
        "sealed_key": sealed,
        "masked": masked,
        "base_url": base_url,
        "verdict": None,
        "verified_at": None,
        "updated_at": func.now(),
    }
    statement = insert(provider_keys).values(
        tenant_id=db.tenant_id, provider=provider, created_at=func.now(), **row
    )
    place = ["tenant_id", "provider"]
    await change(db, statement.on_conflict_do_update(index_elements=place, set_=row))


async def note_verdict(db: TenantDb, provider: str, sealed: bytes, verdict: str) -> None:
    """Nothing changes where the key was replaced in the meantime."""
    tried = (_keys.tenant_id == db.tenant_id, _keys.provider == provider)
    statement = update(provider_keys).where(*tried, _keys.sealed_key == sealed)
    await change(db, statement.values(verdict=verdict, verified_at=func.now()))


async def remove(db: TenantDb, provider: str) -> bool:
    """False where there was none."""
    own = (_keys.tenant_id == db.tenant_id, _keys.provider == provider)
    return await change(db, delete(provider_keys).where(*own)) == 1


def _stored(row: RowMapping) -> StoredKey:
    return StoredKey(
        provider=row["provider"],
        sealed=row["sealed_key"],
        masked=row["masked"],
        base_url=row["base_url"],
        verdict=row["verdict"],
        verified_at=row["verified_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
