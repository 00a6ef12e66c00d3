"""Counters of rates and of accepted creates; what a tenant's plan is measured against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, text

from callmissed.domain.limits import Account, Rate, Standing, standing_after
from callmissed.store.rows import change, fetch_all, fetch_first, fetch_value, interval_s
from callmissed.store.schema import rates, session_creates
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

# The generic cell rate algorithm (ITU-T I.371): a row holds when its bucket is full again. A row
# that is not returned was refused, and stayed as it was.
_TAKE = text("""
insert into rates as r (subject, full_at) values (:subject, clock_timestamp() + :step)
on conflict (subject) do update
  set full_at = greatest(r.full_at, excluded.full_at - :step) + :step
  where greatest(r.full_at, excluded.full_at - :step) + :step <= excluded.full_at - :step + :window
returning extract(epoch from full_at - clock_timestamp())::double precision as ahead_s
""")
_AHEAD = text(
    "select extract(epoch from full_at - clock_timestamp())::double precision as ahead_s "
    "from rates where subject = :subject"
)
_LOAD = text("""
select t.plan,
  (select count(*) from voice_sessions s
    where s.tenant_id = t.id and s.status in ('created', 'active')) as open_sessions,
  (select count(*) from session_creates c
    where c.tenant_id = t.id and c.accepted_at > clock_timestamp() - :window) as creates
from tenants t where t.id = :tenant
""")


# Made in the migrations; it counts over all tenants and tells a tenant's transaction nothing but
# the numbers.
_USERS = text("select account, sessions from count_users(:asked)")


@dataclass(frozen=True, slots=True)
class Load:
    """How much of its plan a tenant uses: open sessions, and creates within the window."""

    plan: str
    open_sessions: int
    creates: int


async def take(db: SystemDb, subject: str, rate: Rate) -> Standing:
    """One request from the bucket of `subject`: one statement, exact over any number of processes.

    To be committed whatever becomes of the request.
    """
    step, window = timedelta(seconds=rate.interval_s), timedelta(seconds=rate.window_s)
    asked: Mapping[str, Any] = {"subject": subject, "step": step, "window": window}
    row = await fetch_first(db, _TAKE, asked)
    admitted = row is not None
    if row is None:
        row = await fetch_first(db, _AHEAD, {"subject": subject})
    ahead_s = rate.window_s if row is None else max(0.0, row["ahead_s"])
    return standing_after(rate, ahead_s, admitted=admitted)


async def load_of(db: TenantDb, window_s: float) -> Load:
    """Stays true until the end of the transaction under `workers.lock_admission` only."""
    asked = {"tenant": db.tenant_id, "window": timedelta(seconds=window_s)}
    row = await fetch_first(db, _LOAD, asked)
    if row is None:
        raise LookupError(str(db.tenant_id))
    return Load(row["plan"], row["open_sessions"], row["creates"])


async def creates_free_in_s(db: TenantDb, limit: int, window_s: float) -> float:
    """How long until the newest `limit` creates are fewer than `limit` within the window."""
    until = session_creates.c.accepted_at + interval_s(window_s) - func.clock_timestamp()
    statement = (
        select(func.extract("epoch", until))
        .where(session_creates.c.tenant_id == db.tenant_id)
        .order_by(session_creates.c.accepted_at.desc())
        .offset(limit - 1)
        .limit(1)
    )
    found = await fetch_value(db, statement)
    return 0.0 if found is None else float(found)


async def add_create(db: TenantDb, window_s: float) -> None:
    """Counts a create that this transaction accepts; forgets those out of the window."""
    table = session_creates
    old = table.c.accepted_at <= func.clock_timestamp() - interval_s(window_s)
    gone = delete(table).where(table.c.tenant_id == db.tenant_id, old).cte("gone")
    added = insert(table).values(tenant_id=db.tenant_id, accepted_at=func.clock_timestamp())
    await change(db, added.add_cte(gone))


async def count_users(db: TenantDb, accounts: Sequence[Account]) -> dict[str, int]:
    """Open sessions, of whatever tenant, that draw on each account, by the account's name."""
    asked = {"asked": [account.name for account in accounts]}
    return {row["account"]: row["sessions"] for row in await fetch_all(db, _USERS, asked)}


async def delete_lapsed(db: SystemDb, window_s: float) -> None:
    """Buckets that are full say nothing, nor do creates out of the window."""
    await change(db, delete(rates).where(rates.c.full_at < func.now()))
    old = session_creates.c.accepted_at <= func.now() - interval_s(window_s)
    await change(db, delete(session_creates).where(old))
