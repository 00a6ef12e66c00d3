"""Tenants: businesses that share an installation and see nothing of each other."""

from uuid import UUID

from callmissed.domain.keyring import Keyring
from callmissed.kit.tokens import keyed_hash, mask, mint_key
from callmissed.services.auth import KEY_PREFIX
from callmissed.store import api_keys, tenants
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

ALL_PERMISSIONS = frozenset({"*"})
FIRST_PLAN = "enterprise"


async def create_tenant(
    db: SystemDb, keyring: Keyring, name: str, *, plan: str = FIRST_PLAN, key: str | None = None
) -> tuple[UUID, str]:
    """A tenant and a key of it with every permission: the one given, else a new one; the only time
    it is in clear.
    """
    tenant_id = await tenants.add(db, name, plan)
    key = key or mint_key(KEY_PREFIX)
    await keep_key(db, keyring, tenant_id, key)
    return tenant_id, key


async def tenant_name(db: TenantDb) -> str:
    """Of the tenant that the transaction is narrowed to."""
    return await tenants.name_of(db, db.tenant_id)


async def keep_key(db: SystemDb, keyring: Keyring, tenant_id: UUID, key: str) -> None:
    """Stores the key's hash; a key that is there already stays as it is."""
    await api_keys.add(
        db, tenant_id, "first key", mask(key), keyed_hash(keyring.api_keys, key), ALL_PERMISSIONS
    )
