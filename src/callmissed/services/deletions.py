"""Deletion that reaches every place the data lies, worked off in short transactions."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from callmissed.domain.audit import SYSTEM, Actor
from callmissed.domain.deletions import Deletion, DeletionKind, OpenDeletion
from callmissed.domain.errors import invalid, not_found
from callmissed.domain.keyring import Keyring
from callmissed.domain.sessions import EndReason
from callmissed.kit.phone_numbers import read_e164, written_forms
from callmissed.kit.tokens import keyed_hash
from callmissed.services.audit import record
from callmissed.services.sessions import end_session, get_session
from callmissed.services.tenants import get_tenant, suspend_tenant
from callmissed.store import claims, deletions, erasing
from callmissed.store.jobs import defer
from callmissed.store.rows import OpenDb
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

RUN_DELETION = "run_deletion"
DELETIONS_QUEUE = "deletions"
SESSIONS_A_STEP = 100
SCANNED_A_STEP = 500
ROWS_A_STEP = 2000
DELETED_DETAIL = "the session's data was deleted"


class Step(StrEnum):
    """`WAIT`: a job that names the tenant still runs; try again in a while."""

    MORE = "more"
    WAIT = "wait"
    DONE = "done"


async def delete_session_data(
    db: TenantDb, keyring: Keyring, actor: Actor, session_id: UUID
) -> Deletion:
    """The session ends if it is open, and everything of it will be gone. Raises Refusal
    NOT_FOUND.
    """
    await get_session(db, session_id)
    return await _ask(db, keyring, actor, DeletionKind.SESSION, db.tenant_id, str(session_id))


async def delete_number_data(
    db: TenantDb, keyring: Keyring, actor: Actor, written: str
) -> Deletion:
    """Every session up to now whose metadata or variables hold the number will be gone.

    Raises Refusal INVALID_VALUE.
    """
    number = read_e164(written)
    if number is None:
        raise invalid(
            "phone_number",
            "phone_number must be a number with its country code.",
            "Write it as +919876543210.",
        )
    return await _ask(db, keyring, actor, DeletionKind.PHONE_NUMBER, db.tenant_id, number)


async def delete_tenant(
    db: SystemDb, keyring: Keyring, actor: Actor, tenant_id: UUID, confirmed_name: str
) -> Deletion:
    """Suspended at once; all of it will be gone. Asked twice it is one deletion.

    Raises Refusal NOT_FOUND, INVALID_VALUE where `confirmed_name` is not its name.
    """
    tenant = await get_tenant(db, tenant_id)
    if confirmed_name != tenant.name:
        raise invalid(
            "confirm_name",
            "confirm_name is not the tenant's name.",
            "Repeat the tenant's name exactly: its deletion cannot be taken back.",
        )
    await suspend_tenant(db, actor, tenant_id)
    asked = await deletions.find_of_tenant(db, tenant_id)
    return asked or await _ask(db, keyring, actor, DeletionKind.TENANT, tenant_id, None)


async def get_deletion(db: TenantDb, deletion_id: UUID) -> Deletion:
    """Raises Refusal NOT_FOUND."""
    deletion = await deletions.find(db, deletion_id)
    if deletion is None:
        raise not_found("data deletion")
    return deletion


async def list_deletions(db: TenantDb, limit: int, offset: int) -> tuple[list[Deletion], int]:
    """Newest first, with how many there are in all."""
    return await deletions.list_page(db, limit, offset)


async def resume_deletions(db: SystemDb) -> None:
    """Those that have not finished get a job where none waits."""
    for deletion_id in await deletions.list_open(db):
        await _leave_job(db, deletion_id)


async def advance(db: SystemDb, deletion_id: UUID) -> Step:
    """Deletes the next part; again and again until DONE. What is gone is counted with it, so that
    it may stop anywhere and go on in another process.
    """
    task = await deletions.lock_open(db, deletion_id)
    if task is None:
        return Step.DONE
    match task.kind:
        case DeletionKind.SESSION:
            step = await _advance_session(db, task)
        case DeletionKind.PHONE_NUMBER:
            step = await _advance_number(db, task)
        case DeletionKind.TENANT:
            step = await _advance_tenant(db, task)
    return step


async def _ask(
    db: OpenDb,
    keyring: Keyring,
    actor: Actor,
    kind: DeletionKind,
    tenant_id: UUID,
    subject: str | None,
) -> Deletion:
    named = f"deletion/{kind}/{tenant_id}/{subject or ''}"
    hashed = keyed_hash(keyring.api_keys, named)
    deletion = await deletions.add(db, tenant_id, kind, subject, hashed)
    details = {"kind": kind.value}
    await record(db, tenant_id, actor, "data_deletion.requested", str(deletion.id), details)
    await _leave_job(db, deletion.id)
    return deletion


async def _leave_job(db: OpenDb, deletion_id: UUID) -> None:
    await defer(
        db,
        RUN_DELETION,
        queueing_lock=f"{RUN_DELETION}-{deletion_id}",
        queue=DELETIONS_QUEUE,
        deletion_id=str(deletion_id),
    )


async def _advance_session(db: SystemDb, task: OpenDeletion) -> Step:
    await _erase(db, task, [UUID(task.subject)])
    return await _finish(db, task)


async def _advance_number(db: SystemDb, task: OpenDeletion) -> Step:
    found, last = await erasing.scan_for_values(
        db, task.tenant_id, written_forms(task.subject or ""), task.scanned_to, SCANNED_A_STEP
    )
    await _erase(db, task, found)
    if last is None:
        return await _finish(db, task)
    await deletions.set_scanned(db, task.id, last)
    return Step.MORE


async def _advance_tenant(db: SystemDb, task: OpenDeletion) -> Step:
    found = await erasing.find_sessions(db, task.tenant_id, SESSIONS_A_STEP)
    if found:
        await _erase(db, task, found)
        return Step.MORE
    for table in await erasing.list_tenant_tables(db):
        if erased := await erasing.erase_rows(db, table, task.tenant_id, ROWS_A_STEP):
            await deletions.add_counts(db, task.id, {table: erased})
            return Step.MORE
    forgotten, running = await erasing.forget_jobs(db, [str(task.tenant_id)])
    await deletions.add_counts(db, task.id, {"jobs": forgotten})
    if running:
        return Step.WAIT
    await deletions.add_counts(db, task.id, await erasing.erase_tenant(db, task.tenant_id))
    await deletions.finish(db, task.id, forget_tenant=True)
    return Step.DONE


async def _erase(db: SystemDb, task: OpenDeletion, ids: list[UUID]) -> None:
    """Open ones end first: the room closes, the worker is told, and what it still notes finds no
    session.
    """
    for session_id in await claims.list_open_among(db, ids):
        await end_session(db, session_id, EndReason.API_DELETE, DELETED_DETAIL)
    await deletions.add_counts(db, task.id, await erasing.erase_sessions(db, task.tenant_id, ids))


async def _finish(db: SystemDb, task: OpenDeletion) -> Step:
    counts = await deletions.finish(db, task.id, forget_tenant=False)
    await record(
        db, task.tenant_id, SYSTEM, "data_deletion.finished", str(task.id), _as_details(counts)
    )
    return Step.DONE


def _as_details(counts: Mapping[str, int]) -> dict[str, str]:
    return {name: str(count) for name, count in sorted(counts.items())}
