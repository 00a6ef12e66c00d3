"""Tenants: businesses that share an installation and see nothing of each other."""

from uuid import UUID

from callmissed.domain.audit import SYSTEM, Actor
from callmissed.domain.errors import Kind, Refusal, not_found
from callmissed.domain.keyring import Keyring
from callmissed.domain.sessions import EndReason
from callmissed.domain.tenants import Plan, Tenant, TenantChange, suspended
from callmissed.kit.tokens import keyed_hash, mask, mint_key
from callmissed.services.audit import record
from callmissed.services.auth import KEY_PREFIX
from callmissed.services.sessions import end_session
from callmissed.store import api_keys, deletions, overdue, tenants, workers
from callmissed.store.rows import OpenDb
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

ALL_PERMISSIONS = frozenset({"*"})
FIRST_PLAN = "enterprise"
SUSPENDED_DETAIL = "the tenant was suspended"
# More are ended by the sweep, within seconds.
ENDED_AT_ONCE = 100


async def create_tenant(
    db: SystemDb, keyring: Keyring, name: str, *, plan: str = FIRST_PLAN, key: str | None = None
) -> tuple[UUID, str]:
    """A tenant and a key of it with every permission: the one given, else a new one; the only time
    it is in clear.
    """
    tenant_id = await tenants.add(db, name, plan)
    key = key or mint_key(KEY_PREFIX)
    await keep_key(db, keyring, tenant_id, key)
    await record(db, tenant_id, SYSTEM, "tenant.created", str(tenant_id), {"plan": plan})
    return tenant_id, key


async def tenant_name(db: TenantDb) -> str:
    """Of the tenant that the transaction is narrowed to."""
    return await tenants.name_of(db, db.tenant_id)


async def keep_key(db: SystemDb, keyring: Keyring, tenant_id: UUID, key: str) -> None:
    """Stores the key's hash; a key that is there already stays as it is."""
    await api_keys.add(
        db, tenant_id, "first key", mask(key), keyed_hash(keyring.api_keys, key), ALL_PERMISSIONS
    )


async def check_not_suspended(db: OpenDb, tenant_id: UUID) -> None:
    """Raises Refusal PERMISSION_DENIED."""
    if await tenants.is_suspended(db, tenant_id):
        raise suspended()


async def get_tenant(db: OpenDb, tenant_id: UUID) -> Tenant:
    """Raises Refusal NOT_FOUND."""
    tenant = await tenants.find(db, tenant_id)
    if tenant is None:
        raise not_found("tenant")
    return tenant


async def list_tenants(db: SystemDb) -> list[Tenant]:
    """Oldest first."""
    return await tenants.list_all(db)


async def update_tenant(db: TenantDb, actor: Actor, changed: TenantChange) -> Tenant:
    """The tenant of this transaction as it is afterwards."""
    await tenants.update_own(db, changed)
    details = {} if changed.name is None else {"name": changed.name}
    if changed.sets_retention:
        days = changed.retention_days
        details["retention_days"] = "keep" if days is None else str(days)
    if details:
        await record(db, db.tenant_id, actor, "tenant.updated", str(db.tenant_id), details)
    return await get_tenant(db, db.tenant_id)


async def set_plan(db: SystemDb, actor: Actor, tenant_id: UUID, plan: Plan) -> None:
    """Raises Refusal NOT_FOUND."""
    if not await tenants.set_plan(db, tenant_id, plan):
        raise not_found("tenant")
    details = {"plan": plan.value}
    await record(db, tenant_id, actor, "tenant.plan_changed", str(tenant_id), details)


async def suspend_tenant(db: SystemDb, actor: Actor, tenant_id: UUID) -> None:
    """From the commit on every key and person of it is refused and its calls end; its data stays.

    Nothing happens to one that is suspended. Raises Refusal NOT_FOUND.
    """
    await get_tenant(db, tenant_id)
    # A session is admitted either before this, and is ended below, or after it, and is refused.
    await workers.lock_admission(db)
    if await tenants.suspend(db, tenant_id):
        await record(db, tenant_id, actor, "tenant.suspended", str(tenant_id))
        for session_id in await overdue.find_open_of(db, tenant_id, limit=ENDED_AT_ONCE):
            await end_session(db, session_id, EndReason.ERROR, SUSPENDED_DETAIL)


async def resume_tenant(db: SystemDb, actor: Actor, tenant_id: UUID) -> None:
    """Nothing happens to one that is not suspended.

    Raises Refusal NOT_FOUND, CONFLICT for one that is being deleted.
    """
    await get_tenant(db, tenant_id)
    if await deletions.find_of_tenant(db, tenant_id) is not None:
        raise Refusal(
            Kind.CONFLICT,
            "This tenant is being deleted.",
            "A deletion cannot be taken back; make a new tenant.",
        )
    if await tenants.resume(db, tenant_id):
        await record(db, tenant_id, actor, "tenant.resumed", str(tenant_id))
