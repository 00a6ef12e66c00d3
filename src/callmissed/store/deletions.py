"""Rows of `deletions`: what is to be deleted, how far it is, and the tombstone that is left."""

from collections.abc import Mapping
from uuid import UUID, uuid4

from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import RowMapping

from callmissed.domain.deletions import Deletion, DeletionKind, OpenDeletion
from callmissed.store.rows import OpenDb, change, fetch_all, fetch_first, fetch_value
from callmissed.store.schema import deletions
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

_rows = deletions.c


async def add(
    db: OpenDb, tenant_id: UUID, kind: DeletionKind, subject: str | None, subject_hash: bytes
) -> Deletion:
    statement = (
        insert(deletions)
        .values(
            id=uuid4(),
            tenant_id=tenant_id,
            kind=kind.value,
            subject=subject,
            subject_hash=subject_hash,
            counts={},
            created_at=func.now(),
        )
        .returning(deletions)
    )
    return _deletion((await db.connection.execute(statement)).mappings().one())


async def find(db: TenantDb, deletion_id: UUID) -> Deletion | None:
    own = select(deletions).where(_rows.tenant_id == db.tenant_id, _rows.id == deletion_id)
    row = await fetch_first(db, own)
    return None if row is None else _deletion(row)


async def list_page(db: TenantDb, limit: int, offset: int) -> tuple[list[Deletion], int]:
    """Newest first, with how many there are."""
    own = _rows.tenant_id == db.tenant_id
    newest = select(deletions).where(own).order_by(_rows.created_at.desc(), _rows.id)
    rows = await fetch_all(db, newest.limit(limit).offset(offset))
    total: int = await fetch_value(db, select(func.count()).select_from(deletions).where(own))
    return [_deletion(row) for row in rows], total


async def find_of_tenant(db: OpenDb, tenant_id: UUID) -> Deletion | None:
    """The deletion of the whole tenant, if it was asked for."""
    whole = _rows.kind == DeletionKind.TENANT.value
    row = await fetch_first(db, select(deletions).where(_rows.tenant_id == tenant_id, whole))
    return None if row is None else _deletion(row)


async def list_open(db: SystemDb) -> list[UUID]:
    statement = select(_rows.id).where(_rows.finished_at.is_(None)).order_by(_rows.created_at)
    return [row["id"] for row in await fetch_all(db, statement)]


async def lock_open(db: SystemDb, deletion_id: UUID) -> OpenDeletion | None:
    """None where it has finished; else it is ours until this transaction ends."""
    statement = (
        select(deletions)
        .where(_rows.id == deletion_id, _rows.finished_at.is_(None))
        .with_for_update()
    )
    row = await fetch_first(db, statement)
    if row is None:
        return None
    return OpenDeletion(
        id=row["id"],
        tenant_id=row["tenant_id"],
        kind=DeletionKind(row["kind"]),
        subject=row["subject"],
        scanned_to=row["scanned_to"],
    )


async def add_counts(db: SystemDb, deletion_id: UUID, counts: Mapping[str, int]) -> None:
    known = await fetch_value(db, select(_rows.counts).where(_rows.id == deletion_id))
    added = {name: known.get(name, 0) + count for name, count in counts.items() if count}
    await change(
        db,
        update(deletions)
        .where(_rows.id == deletion_id)
        .values(counts=_rows.counts.op("||")(literal(added, JSONB))),
    )


async def set_scanned(db: SystemDb, deletion_id: UUID, scanned_to: UUID) -> None:
    statement = update(deletions).where(_rows.id == deletion_id).values(scanned_to=scanned_to)
    await change(db, statement)


async def finish(db: SystemDb, deletion_id: UUID, *, forget_tenant: bool) -> Mapping[str, int]:
    """Leaves the tombstone; its counts."""
    values = {"subject": None, "scanned_to": None, "finished_at": func.now()}
    if forget_tenant:
        values["tenant_id"] = None
    statement = (
        update(deletions).where(_rows.id == deletion_id).values(values).returning(_rows.counts)
    )
    counts: Mapping[str, int] = await fetch_value(db, statement)
    return counts


def _deletion(row: RowMapping) -> Deletion:
    return Deletion(
        id=row["id"],
        kind=DeletionKind(row["kind"]),
        counts=row["counts"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )
