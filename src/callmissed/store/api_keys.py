"""Rows of `api_keys`: the hash of a key, never the key."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping

from callmissed.domain.api_keys import ApiKey, KeyKind, KeyTerms
from callmissed.store.rows import change, fetch_all, fetch_first, fetch_value, interval_s
from callmissed.store.schema import api_keys, tenants
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

_keys = api_keys.c


@dataclass(frozen=True, slots=True)
class FoundKey:
    """`is_due`: its last use is to be noted; `is_suspended`: its tenant is."""

    key: ApiKey
    is_due: bool
    is_suspended: bool


@dataclass(frozen=True, slots=True, repr=False)
class NewKey:
    """`line_id` of None begins a line."""

    name: str
    masked: str
    key_hash: bytes
    terms: KeyTerms
    line_id: UUID | None = None
    parent_id: UUID | None = None


async def add(
    db: SystemDb,
    tenant_id: UUID,
    name: str,
    masked: str,
    key_hash: bytes,
    permissions: frozenset[str],
) -> None:
    """A secret key without bounds. A hash that is there already stays with its tenant."""
    terms = KeyTerms(KeyKind.SECRET, permissions)
    values = _values(tenant_id, NewKey(name, masked, key_hash, terms))
    await change(
        db, insert(api_keys).values(values).on_conflict_do_nothing(index_elements=["key_hash"])
    )


async def add_bounded(db: TenantDb, new: NewKey) -> ApiKey:
    statement = insert(api_keys).values(_values(db.tenant_id, new)).returning(api_keys)
    return _key((await db.connection.execute(statement)).mappings().one())


async def any_of(db: SystemDb, tenant_id: UUID) -> bool:
    """True when the tenant was ever given a key."""
    found = await fetch_value(db, select(_keys.id).where(_keys.tenant_id == tenant_id).limit(1))
    return found is not None


async def find_usable(db: SystemDb, key_hash: bytes, *, use_noted_s: int) -> FoundKey | None:
    """None for a key that is unknown, revoked or expired."""
    due = or_(
        _keys.last_used_at.is_(None), _keys.last_used_at < func.now() - interval_s(use_noted_s)
    )
    row = await fetch_first(
        db,
        select(api_keys, due.label("is_due"), tenants.c.suspended_at)
        .join(tenants, tenants.c.id == _keys.tenant_id)
        .where(_keys.key_hash == key_hash, _usable()),
    )
    if row is None:
        return None
    return FoundKey(_key(row), row["is_due"], row["suspended_at"] is not None)


async def mark_used(db: SystemDb, key_id: UUID) -> None:
    """Notes the last use; one request at a time writes, the others pass by."""
    due = select(_keys.id).where(_keys.id == key_id).with_for_update(skip_locked=True)
    await change(db, update(api_keys).where(_keys.id.in_(due)).values(last_used_at=func.now()))


async def find(db: TenantDb, key_id: UUID) -> ApiKey | None:
    row = await fetch_first(db, select(api_keys).where(_own(db), _keys.id == key_id))
    return None if row is None else _key(row)


async def lock(db: TenantDb, key_id: UUID) -> ApiKey | None:
    """As `find`; it stays as it is until this transaction ends."""
    statement = select(api_keys).where(_own(db), _keys.id == key_id).with_for_update()
    row = await fetch_first(db, statement)
    return None if row is None else _key(row)


async def is_usable(db: TenantDb, key_id: UUID) -> bool:
    found = await fetch_value(db, select(_keys.id).where(_own(db), _keys.id == key_id, _usable()))
    return found is not None


async def list_page(db: TenantDb, with_revoked: bool, limit: int, offset: int) -> list[ApiKey]:
    """Newest first."""
    statement = (
        select(api_keys)
        .where(_own(db), _listed(with_revoked))
        .order_by(_keys.created_at.desc(), _keys.id)
        .limit(limit)
        .offset(offset)
    )
    return [_key(row) for row in await fetch_all(db, statement)]


async def count(db: TenantDb, with_revoked: bool) -> int:
    statement = select(func.count()).select_from(api_keys).where(_own(db), _listed(with_revoked))
    total: int = await fetch_value(db, statement)
    return total


async def update_terms(db: TenantDb, key_id: UUID, name: str, terms: KeyTerms) -> ApiKey:
    statement = (
        update(api_keys)
        .where(_own(db), _keys.id == key_id)
        .values(name=name, **_columns(terms))
        .returning(api_keys)
    )
    return _key((await db.connection.execute(statement)).mappings().one())


async def revoke_with_children(db: TenantDb, key_id: UUID) -> list[UUID]:
    """Ends the key and all that were made with it, however deep; the ids of those it ended."""
    family = select(_keys.id).where(_own(db), _keys.id == key_id).cte("family", recursive=True)
    children = api_keys.alias("children")
    family = family.union(
        select(children.c.id).where(
            children.c.tenant_id == db.tenant_id, children.c.parent_id == family.c.id
        )
    )
    statement = (
        update(api_keys)
        .where(_own(db), _keys.id.in_(select(family.c.id)), _not_revoked())
        .values(revoked_at=func.now())
        .returning(_keys.id)
    )
    return [row["id"] for row in await fetch_all(db, statement)]


async def replace(db: TenantDb, old_id: UUID, new_id: UUID, overlap_s: int) -> ApiKey:
    """The old key ends after the overlap; what was made with it belongs to the new one."""
    await change(
        db,
        update(api_keys).where(_own(db), _keys.parent_id == old_id).values(parent_id=new_id),
    )
    statement = (
        update(api_keys)
        .where(_own(db), _keys.id == old_id)
        .values(replaced_by=new_id, revoked_at=func.now() + interval_s(overlap_s))
        .returning(api_keys)
    )
    return _key((await db.connection.execute(statement)).mappings().one())


def _own(db: TenantDb) -> ColumnElement[bool]:
    return _keys.tenant_id == db.tenant_id


def _not_revoked() -> ColumnElement[bool]:
    return or_(_keys.revoked_at.is_(None), _keys.revoked_at > func.now())


def _usable() -> ColumnElement[bool]:
    return _not_revoked() & or_(_keys.expires_at.is_(None), _keys.expires_at > func.now())


def _listed(with_revoked: bool) -> ColumnElement[bool]:
    return true() if with_revoked else _not_revoked()


def _values(tenant_id: UUID, new: NewKey) -> dict[str, Any]:
    key_id = uuid4()
    return {
        "id": key_id,
        "tenant_id": tenant_id,
        "name": new.name,
        "masked": new.masked,
        "key_hash": new.key_hash,
        "kind": new.terms.kind.value,
        "bot_id": new.terms.bot_id,
        "line_id": new.line_id or key_id,
        "parent_id": new.parent_id,
        "created_at": func.now(),
        **_columns(new.terms),
    }


def _columns(terms: KeyTerms) -> dict[str, Any]:
    """What may change in a key's life."""
    models = terms.allowed_models
    return {
        "permissions": sorted(terms.permissions),
        "expires_at": terms.expires_at,
        "allowed_models": None if models is None else sorted(models),
        "allowed_domains": list(terms.allowed_domains),
        "rate_limit_rpm": terms.rate_limit_rpm,
    }


def _key(row: RowMapping) -> ApiKey:
    models = row["allowed_models"]
    terms = KeyTerms(
        kind=KeyKind(row["kind"]),
        permissions=frozenset(row["permissions"]),
        expires_at=row["expires_at"],
        allowed_models=None if models is None else frozenset(models),
        allowed_domains=tuple(row["allowed_domains"]),
        rate_limit_rpm=row["rate_limit_rpm"],
        bot_id=row["bot_id"],
    )
    return ApiKey(
        id=row["id"],
        tenant_id=row["tenant_id"],
        name=row["name"],
        masked=row["masked"],
        terms=terms,
        line_id=row["line_id"],
        parent_id=row["parent_id"],
        replaced_by=row["replaced_by"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
        created_at=row["created_at"],
    )
