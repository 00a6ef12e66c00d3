"""What must happen when nobody makes it happen: deadlines, lost workers, old rows."""

from callmissed.domain.sessions import JOIN_WINDOW_S, EndReason
from callmissed.domain.workers import ORPHAN_S, WORKER_SILENT_S
from callmissed.services.idempotency import KEPT_S
from callmissed.services.limits import forget_lapsed
from callmissed.services.sessions import end_session
from callmissed.services.tenants import SUSPENDED_DETAIL
from callmissed.store import (
    attempts,
    idempotency,
    invites,
    mails,
    overdue,
    password_resets,
    people,
    refresh_tokens,
    sign_ins,
    workers,
)
from callmissed.store.system import SystemDb

# The call's own timer comes first; this one is for when the worker is dead or frozen.
GRACE_S = 2.0
AT_ONCE = 100
WORKERS_KEPT_S = 24 * 3600
MAILS_KEPT_S = 24 * 3600


async def end_overdue(db: SystemDb) -> int:
    """Ends sessions past `max_duration_seconds`, unjoined ones, those of suspended tenants, and
    those whose worker is gone; how many it ended.
    """
    ended = 0
    overtime = await overdue.find_overtime(db, grace_s=GRACE_S, limit=AT_ONCE)
    for session_id in overtime:
        ended += await end_session(db, session_id, EndReason.MAX_DURATION)
    unjoined = await overdue.find_unjoined(db, after_s=JOIN_WINDOW_S + GRACE_S, limit=AT_ONCE)
    for session_id in unjoined:
        ended += await end_session(db, session_id, EndReason.NEVER_JOINED)
    for session_id in await overdue.find_of_suspended(db, limit=AT_ONCE):
        ended += await end_session(db, session_id, EndReason.ERROR, SUSPENDED_DETAIL)
    return ended + await fail_orphans(db)


async def fail_orphans(db: SystemDb) -> int:
    """Fails claimed sessions whose lease nobody renewed while the database answered for `ORPHAN_S`
    on end.
    """
    await overdue.mark_orphans(db, silent_s=WORKER_SILENT_S, gap_s=ORPHAN_S / 2)
    ended = 0
    for session_id in await overdue.find_orphans(db, after_s=ORPHAN_S, limit=AT_ONCE):
        ended += await end_session(
            db, session_id, EndReason.ERROR, "the worker that ran the call was lost"
        )
    return ended


async def delete_expired(db: SystemDb) -> None:
    """Idempotency keys and unsent mails after a day, what people sign in with past its time, people
    who belong to no tenant, workers long gone, counters that have run out.
    """
    await idempotency.delete_older(db, KEPT_S)
    await mails.delete_older(db, MAILS_KEPT_S)
    for noun in (refresh_tokens, sign_ins, invites, password_resets):
        await noun.delete_expired(db)
    await attempts.delete_over(db)
    await people.delete_strays(db)
    await workers.delete_silent(db, WORKERS_KEPT_S)
    await forget_lapsed(db)
