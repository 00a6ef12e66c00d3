"""Rates, creates and concurrency: exact over any number of processes, because SQL counts."""

import math
from collections.abc import Sequence

from callmissed.domain.limits import (
    CREATES_WINDOW_S,
    PLANS,
    Account,
    Rate,
    Standing,
    concurrency_limited,
    provider_full,
    rate_limited,
)
from callmissed.store import limits
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb


async def take(db: SystemDb, counters: list[tuple[str, Rate]]) -> Standing | None:
    """Takes one request from each bucket, in order, until one refuses.

    Returns where the refusing bucket stands, else the one with the least left; None without any.
    To be committed before the request is refused.
    """
    least: Standing | None = None
    for subject, rate in counters:
        standing = await limits.take(db, subject, rate)
        if standing.retry_after_s is not None:
            return standing
        if least is None or standing.remaining < least.remaining:
            least = standing
    return least


async def check_creates(db: TenantDb, creates_per_minute: int | None) -> None:
    """Whether the tenant may create a session now; `creates_per_minute` wins over the plan's.

    Exact under `workers.lock_admission`, else a good guess. Raises Refusal RATE_LIMITED,
    CONCURRENCY_LIMITED.
    """
    load = await limits.load_of(db, CREATES_WINDOW_S)
    plan = PLANS[load.plan]
    most = creates_per_minute or plan.creates_per_minute
    if load.creates >= most:
        wait_s = math.ceil(await limits.creates_free_in_s(db, most, CREATES_WINDOW_S))
        wait_s = min(CREATES_WINDOW_S, max(1, wait_s))
        raise rate_limited(
            Standing(most, 0, wait_s, wait_s),
            f"This tenant has created {most} sessions within {CREATES_WINDOW_S} seconds.",
            "Try again after the seconds in Retry-After.",
        )
    if plan.concurrent_sessions is not None and load.open_sessions >= plan.concurrent_sessions:
        raise concurrency_limited(plan.concurrent_sessions)


async def check_accounts(db: TenantDb, accounts: Sequence[Account]) -> None:
    """Whether the vendors would serve one more call on these accounts.

    Exact under `workers.lock_admission`. Raises Refusal PROVIDER_UNAVAILABLE.
    """
    bounded = [account for account in accounts if account.max_sessions is not None]
    if not bounded:
        return
    users = await limits.count_users(db, bounded)
    for account in bounded:
        if account.max_sessions is not None and users[account.name] >= account.max_sessions:
            raise provider_full(account)


async def count_create(db: TenantDb) -> None:
    """To be called in the transaction that stores the session."""
    await limits.add_create(db, CREATES_WINDOW_S)


async def forget_lapsed(db: SystemDb) -> None:
    """Counters that have run out say nothing any more."""
    await limits.delete_lapsed(db, CREATES_WINDOW_S)
