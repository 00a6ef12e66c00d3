"""Keys with providers: kept sealed, opened for the calls that need them, the tenant's own first."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from callmissed.domain.audit import Actor
from callmissed.domain.errors import Kind, Refusal, invalid, not_found
from callmissed.domain.models import PLATFORM, Access, Model, Provider, Route, Service
from callmissed.domain.provider_keys import (
    KeySource,
    ProviderStanding,
    StoredKey,
    check_key,
    mask_key,
)
from callmissed.kit.sealing import SealBrokenError, seal, unseal
from callmissed.providers.catalog import LOCAL, Catalog
from callmissed.providers.connections import Connections
from callmissed.providers.verifying import Verdict, verify_key
from callmissed.services import audit
from callmissed.store import provider_keys
from callmissed.store.rows import OpenDb
from callmissed.store.tenant import TenantDb

KEY_SET = "provider_key.set"
KEY_REMOVED = "provider_key.removed"
VERIFYING_TAKES_S = 8.0


@dataclass(frozen=True, slots=True, repr=False)
class Vault:
    """What opens providers: the catalogue, the installation's own keys by the provider's name, and
    the 32 bytes that tenants' keys are sealed with.
    """

    catalog: Catalog
    platform: Mapping[str, str]
    sealing: bytes


async def find_owners(db: TenantDb, vault: Vault) -> dict[str, str]:
    """Whose key serves the tenant, by the provider's name: its own (the tenant's id), else
    `platform`, which also stands for providers that need none. Others are left out.
    """
    own = await provider_keys.names_of(db, db.tenant_id)
    owners = {name: PLATFORM for name in vault.catalog.providers if _is_open(vault, name)}
    return {
        **owners,
        **{name: str(db.tenant_id) for name in own if name in vault.catalog.providers},
    }


async def open_access(db: OpenDb, vault: Vault, tenant_id: UUID, route: Route) -> dict[str, Access]:
    """The way to each provider of the route and its spares, keys opened: to be kept in memory only.

    A provider that the catalogue no longer has, or whose sealed key cannot be opened, is left out.
    """
    return await open_ways(db, vault, tenant_id, {model.provider for model in _models_of(route)})


async def open_ways(
    db: OpenDb, vault: Vault, tenant_id: UUID, names: Collection[str]
) -> dict[str, Access]:
    """As `open_access`, to the providers of these names."""
    known = [vault.catalog.providers[name] for name in names if name in vault.catalog.providers]
    stored = {key.provider: key for key in await provider_keys.list_of(db, tenant_id, names)}
    found = (_open_one(vault, tenant_id, one, stored.get(one.name)) for one in known)
    return {access.provider.name: access for access in found if access is not None}


async def open_one(db: TenantDb, vault: Vault, name: str) -> tuple[Access, StoredKey | None]:
    """The way to one provider, and the tenant's own key that it goes with.

    Raises Refusal NOT_FOUND for a provider that is not listed, CONFLICT where there is no key.
    """
    standing = await get_standing(db, vault, name)
    access = _open_one(vault, db.tenant_id, standing.provider, standing.stored)
    if access is None or standing.source is KeySource.NONE:
        raise Refusal(
            Kind.CONFLICT,
            f"There is no key for {name} that could be tried.",
            f"Put one: PUT /v1/settings/providers/{name}.",
            param="name",
        )
    return access, standing.stored


async def list_standings(db: TenantDb, vault: Vault) -> list[ProviderStanding]:
    """Every provider of the catalogue, as it stands for this tenant."""
    stored = {key.provider: key for key in await provider_keys.list_of(db, db.tenant_id)}
    return [
        _standing(vault, provider, stored.get(name))
        for name, provider in vault.catalog.providers.items()
        if name != LOCAL
    ]


async def get_standing(db: TenantDb, vault: Vault, name: str) -> ProviderStanding:
    """Raises Refusal NOT_FOUND."""
    provider = _provider(vault, name)
    stored = await provider_keys.list_of(db, db.tenant_id, [name])
    return _standing(vault, provider, stored[0] if stored else None)


async def set_key(
    db: TenantDb, vault: Vault, actor: Actor, name: str, key: str, base_url: str | None
) -> ProviderStanding:
    """The tenant's calls use this key from the next one on, at `base_url` where one is given; who
    may be reached there is judged before.

    Raises Refusal NOT_FOUND, INVALID_VALUE.
    """
    provider = _provider(vault, name)
    bare = check_key(key) if key or provider.needs_key else ""
    if base_url is not None and ("?" in base_url or "#" in base_url):
        raise invalid("base_url", "This URL has a query or a fragment.", "Leave it off.")
    sealed = seal(vault.sealing, bare, place=place_of_key(db.tenant_id, name, base_url))
    await provider_keys.put(db, name, sealed, mask_key(bare), base_url)
    details = {"base_url": base_url} if base_url else {}
    await audit.record(db, db.tenant_id, actor, KEY_SET, name, details)
    return await get_standing(db, vault, name)


async def remove_key(db: TenantDb, actor: Actor, name: str) -> None:
    """The tenant's calls use the installation's key again, if there is one.

    Raises Refusal NOT_FOUND.
    """
    if not await provider_keys.remove(db, name):
        raise not_found("provider key")
    await audit.record(db, db.tenant_id, actor, KEY_REMOVED, name)


async def try_key(connections: Connections, access: Access) -> Verdict:
    """What the provider says to the key now, after `VERIFYING_TAKES_S` at the latest."""
    try:
        async with asyncio.timeout(VERIFYING_TAKES_S):
            return await verify_key(connections.session_of(access), access)
    except TimeoutError:
        return Verdict.UNREACHABLE


async def note_verdict(db: TenantDb, tried: StoredKey, verdict: Verdict) -> None:
    """Kept unless the key was replaced since it was `tried`."""
    await provider_keys.note_verdict(db, tried.provider, tried.sealed, verdict)


def _provider(vault: Vault, name: str) -> Provider:
    provider = vault.catalog.providers.get(name)
    if provider is None or name == LOCAL:
        raise not_found("provider")
    return provider


def _standing(vault: Vault, provider: Provider, stored: StoredKey | None) -> ProviderStanding:
    if stored is not None:
        source = KeySource.TENANT
    elif provider.name in vault.platform:
        source = KeySource.PLATFORM
    else:
        source = KeySource.NONE if provider.needs_key else KeySource.NOT_NEEDED
    catalog, name = vault.catalog, provider.name
    served = {one.service for one in catalog.models if one.provider == name}
    served |= {one.service for one in catalog.families if one.provider == name}
    return ProviderStanding(
        provider, tuple(service for service in Service if service in served), source, stored
    )


def _open_one(
    vault: Vault, tenant_id: UUID, provider: Provider, stored: StoredKey | None
) -> Access | None:
    if stored is None:
        key = vault.platform.get(provider.name, "")
        return Access(provider, key) if _is_open(vault, provider.name) else None
    place = place_of_key(tenant_id, provider.name, stored.base_url)
    try:
        key = unseal(vault.sealing, stored.sealed, place=place)
    except SealBrokenError:
        return None
    if stored.base_url is None:
        return Access(provider, key, owner=str(tenant_id))
    own = replace(provider, base_url=stored.base_url)
    return Access(own, key, owner=str(tenant_id), is_customers_url=True)


def _is_open(vault: Vault, name: str) -> bool:
    return name in vault.platform or not vault.catalog.providers[name].needs_key


def _models_of(route: Route) -> Iterable[Model]:
    yield from (route.stt, *route.spare_stt, route.llm, *route.spare_llm, route.tts)
    yield from (spare.model for spare in route.spare_tts)


def place_of_key(tenant_id: UUID, name: str, base_url: str | None) -> str:
    """What a key is sealed to. The address is part of it: a key that was sealed for one is never sent to another."""
    return f"provider_keys.sealed_key/{tenant_id}/{name}/{base_url or ''}"
