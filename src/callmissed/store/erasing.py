"""Deleting rows for good, part by part: sessions with all that hangs on them, and whatever table
holds a tenant's rows, as the database's own catalogue says.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select, text

from callmissed.store.rows import change, fetch_all, fetch_first
from callmissed.store.schema import (
    call_actions,
    events,
    idempotency_keys,
    memberships,
    people,
    tenants,
    turns,
    voice_sessions,
)
from callmissed.store.system import SystemDb

# Tombstones stay; memberships and the tenant itself go last, by `erase_tenant`.
KEPT_BACK = {"deletions", "memberships", "tenants"}

_TENANT_TABLES = text("""
select c.relname as name from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid
where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
  and a.attname = 'tenant_id' and not a.attisdropped
order by c.relname
""")
_REFERENCES = text("""
select distinct t.relname as child, p.relname as parent from pg_constraint r
join pg_class t on t.oid = r.conrelid join pg_class p on p.oid = r.confrelid
join pg_namespace n on n.oid = t.relnamespace
where r.contype = 'f' and n.nspname = 'public' and t.oid <> p.oid
""")
_FORGET_JOBS = text("select forgotten, running from jobs.forget_jobs(:names)")
# A scalar anywhere in what was asked for, without the signs that people write between digits.
_MATCHING = text(r"""
with page as (
  select id, request, metadata from voice_sessions
  where tenant_id = :tenant and (cast(:after as uuid) is null or id > cast(:after as uuid))
  order by id limit :at_most
)
select id, exists (
  select 1 from jsonb_path_query(jsonb_build_array(request, metadata), 'strict $.**') v
  where jsonb_typeof(v) in ('string', 'number')
    and regexp_replace(v #>> '{}', '[\s().\-/]', '', 'g') = any(:forms)
) as matches
from page order by id
""")


async def erase_sessions(db: SystemDb, tenant_id: UUID, ids: Sequence[UUID]) -> dict[str, int]:
    """Sessions, turns, events, what they asked of others, idempotency keys and finished jobs are
    gone; how many of each.
    """
    if not ids:
        return {}
    of_these = turns.c.session_id.in_(ids), events.c.session_id.in_(ids)
    counts = {
        "turns": await change(db, delete(turns).where(of_these[0])),
        "events": await change(db, delete(events).where(of_these[1])),
        "call_actions": await change(
            db, delete(call_actions).where(call_actions.c.session_id.in_(ids))
        ),
    }
    made = (idempotency_keys.c.tenant_id == tenant_id, idempotency_keys.c.resource_id.in_(ids))
    counts["idempotency_keys"] = await change(db, delete(idempotency_keys).where(*made))
    own = (voice_sessions.c.tenant_id == tenant_id, voice_sessions.c.id.in_(ids))
    rows = await fetch_all(db, delete(voice_sessions).where(*own).returning(voice_sessions.c.room))
    counts["voice_sessions"] = len(rows)
    names = [*map(str, ids), *(row["room"] for row in rows)]
    counts["jobs"], _ = await forget_jobs(db, names)
    return counts


async def forget_jobs(db: SystemDb, names: Sequence[str]) -> tuple[int, int]:
    """Jobs that name one of `names` in their arguments are gone; how many, and how many still run."""
    row = await fetch_first(db, _FORGET_JOBS, {"names": list(names)})
    assert row is not None
    return row["forgotten"], row["running"]


async def find_sessions(db: SystemDb, tenant_id: UUID, limit: int) -> list[UUID]:
    statement = select(voice_sessions.c.id).where(voice_sessions.c.tenant_id == tenant_id)
    return [row["id"] for row in await fetch_all(db, statement.limit(limit))]


async def find_ended_before(db: SystemDb, tenant_id: UUID, days: int, limit: int) -> list[UUID]:
    """Sessions that ended more than `days` ago."""
    statement = text(
        "select id from voice_sessions where tenant_id = :tenant "
        "and ended_at < now() - make_interval(days => :days) order by ended_at limit :at_most"
    )
    params = {"tenant": tenant_id, "days": days, "at_most": limit}
    return [row["id"] for row in await fetch_all(db, statement, params)]


async def scan_for_values(
    db: SystemDb, tenant_id: UUID, forms: Sequence[str], after: UUID | None, limit: int
) -> tuple[list[UUID], UUID | None]:
    """Of the next `limit` sessions by id those with a value of these forms in their metadata or
    variables, and the last id looked at; None when there are no more.
    """
    params = {"tenant": tenant_id, "forms": list(forms), "after": after, "at_most": limit}
    rows = await fetch_all(db, _MATCHING, params)
    found = [row["id"] for row in rows if row["matches"]]
    return found, rows[-1]["id"] if rows else None


async def list_tenant_tables(db: SystemDb) -> list[str]:
    """Tables of a tenant's rows, each before those that it refers to."""
    left = {row["name"] for row in await fetch_all(db, _TENANT_TABLES)} - KEPT_BACK
    references = [(row["child"], row["parent"]) for row in await fetch_all(db, _REFERENCES)]
    ordered: list[str] = []
    while left:
        needed = {parent for child, parent in references if child in left}
        free = sorted(left - needed)
        if not free:
            raise LookupError(f"these tables refer to each other: {sorted(left)}")
        ordered += free
        left -= set(free)
    return ordered


async def erase_rows(db: SystemDb, table: str, tenant_id: UUID, limit: int) -> int:
    """How many of the tenant's rows in `table`, one of `list_tenant_tables`, are gone now."""
    name = '"' + table.replace('"', '""') + '"'
    statement = text(
        f"delete from {name} where ctid = any (array("  # noqa: S608
        f"select ctid from {name} where tenant_id = :tenant limit :at_most))"
    )
    return await change(db, statement, {"tenant": tenant_id, "at_most": limit})


async def erase_tenant(db: SystemDb, tenant_id: UUID) -> dict[str, int]:
    """The tenant, its memberships, and its people who belong to no other tenant."""
    gone = await fetch_all(
        db,
        delete(memberships)
        .where(memberships.c.tenant_id == tenant_id)
        .returning(memberships.c.person_id),
    )
    ids = [row["person_id"] for row in gone]
    elsewhere = select(memberships.c.person_id).where(memberships.c.person_id.in_(ids))
    homeless = delete(people).where(people.c.id.in_(ids), people.c.id.not_in(elsewhere))
    return {
        "memberships": len(ids),
        "people": await change(db, homeless),
        "tenants": await change(db, delete(tenants).where(tenants.c.id == tenant_id)),
    }
