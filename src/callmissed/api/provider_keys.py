"""`/v1/settings/providers`: who serves models, and the tenant's own keys with them."""

from typing import Annotated

from fastapi import Path, status
from pydantic import BaseModel, ConfigDict, Field

from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentHouse,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.api.session_forms import MAX_URL_CHARS, Moment
from callmissed.domain.audit import actor_of
from callmissed.domain.errors import Kind
from callmissed.domain.models import Service
from callmissed.domain.provider_keys import MAX_KEY_CHARS, KeySource, ProviderStanding
from callmissed.providers.verifying import Verdict
from callmissed.services import provider_keys
from callmissed.services.outbound import check_url

router = guarded_router("provider keys")

ProviderName = Annotated[
    str, Path(max_length=64, description="As `GET /v1/settings/providers` lists it.")
]
READ_KINDS = (*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND)


class ProviderKeyIn(BaseModel):
    """`key` may be left out only for a provider that needs none."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field("", max_length=MAX_KEY_CHARS, description="Never shown again but masked.")
    base_url: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_URL_CHARS,
        description="Where the provider's API is for this tenant, on the public internet; left "
        "out for the usual place.",
    )


class ProviderOut(BaseModel):
    """A provider as it stands for this tenant; the key itself is never shown."""

    name: str
    services: list[Service] = Field(description="What its models do.")
    source: KeySource = Field(
        description="Whose key the calls use: the tenant's own, the installation's, or none."
    )
    masked: str | None = Field(description="The end of the tenant's own key.")
    base_url: str | None = Field(description="Where this tenant has it; null for the usual place.")
    verdict: Verdict | None = Field(
        description="What the provider last said to the tenant's own key."
    )
    verified_at: Moment | None
    updated_at: Moment | None


class VerdictOut(BaseModel):
    """What the provider said just now."""

    name: str
    source: KeySource = Field(description="Whose key was tried.")
    verdict: Verdict
    message: str = Field(description="The same in words, with what to do.")


MEANINGS = {
    Verdict.ACCEPTED: "The provider takes this key.",
    Verdict.REFUSED: "The provider refuses this key: paste it again, or make a new one there.",
    Verdict.LIMITED: "The provider knows this key and serves it nothing now: look at its credit, "
    "quota and rate limits there.",
    Verdict.UNREACHABLE: "The provider did not answer in time, or with an error of its own: try "
    "again, and look at its status page and at the base URL.",
    Verdict.UNCLEAR: "The provider answers the same without a key, so it says nothing about this "
    "one: the first call will tell.",
}


@router.get("/v1/settings/providers", operation_id="list_providers", responses=refusals(*SIGNED))
async def list_providers(house: CurrentHouse, db: TenantTransaction) -> list[ProviderOut]:
    """Every provider of the catalogue, and where its key comes from."""
    return [_show(one) for one in await provider_keys.list_standings(db, house.vault)]


@router.get(
    "/v1/settings/providers/{name}",
    operation_id="get_provider",
    responses=refusals(*READ_KINDS),
)
async def get_provider(
    house: CurrentHouse, db: TenantTransaction, name: ProviderName
) -> ProviderOut:
    """One provider; the key is masked."""
    return _show(await provider_keys.get_standing(db, house.vault, name))


@router.put(
    "/v1/settings/providers/{name}",
    operation_id="set_provider_key",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.NOT_FOUND),
)
async def set_provider_key(
    house: CurrentHouse,
    db: TenantTransaction,
    principal: CurrentPrincipal,
    name: ProviderName,
    body: ProviderKeyIn,
) -> ProviderOut:
    """The tenant's calls use this key from the next one on; it is kept sealed."""
    base_url = body.base_url.rstrip("/") if body.base_url else None
    if base_url is not None:
        allowed = house.settings.outbound_allow
        await check_url(base_url, allowed, house.resolver, param="base_url")
    actor = actor_of(principal)
    return _show(await provider_keys.set_key(db, house.vault, actor, name, body.key, base_url))


@router.delete(
    "/v1/settings/providers/{name}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="remove_provider_key",
    responses=refusals(*READ_KINDS),
)
async def remove_provider_key(
    db: TenantTransaction, principal: CurrentPrincipal, name: ProviderName
) -> None:
    """Calls use the installation's own key again, if there is one."""
    await provider_keys.remove_key(db, actor_of(principal), name)


@router.post(
    "/v1/settings/providers/{name}/verify",
    operation_id="verify_provider_key",
    responses=refusals(*READ_KINDS, Kind.CONFLICT),
)
async def verify_provider_key(
    house: CurrentHouse, principal: CurrentPrincipal, name: ProviderName
) -> VerdictOut:
    """Asks the provider whether it takes the key that the tenant's calls would use; nothing is
    bought.
    """
    async with house.database.tenant(principal.tenant_id) as db:
        access, stored = await provider_keys.open_one(db, house.vault, name)
    verdict = await provider_keys.try_key(house.connections, access)
    if stored is not None:
        async with house.database.tenant(principal.tenant_id) as db:
            await provider_keys.note_verdict(db, stored, verdict)
    source = KeySource.PLATFORM if access.key else KeySource.NOT_NEEDED
    if stored is not None:
        source = KeySource.TENANT
    return VerdictOut(name=name, source=source, verdict=verdict, message=MEANINGS[verdict])


def _show(standing: ProviderStanding) -> ProviderOut:
    stored = standing.stored
    return ProviderOut(
        name=standing.provider.name,
        services=list(standing.services),
        source=standing.source,
        masked=stored.masked if stored else None,
        base_url=stored.base_url if stored else None,
        verdict=Verdict(stored.verdict) if stored and stored.verdict else None,
        verified_at=stored.verified_at if stored else None,
        updated_at=stored.updated_at if stored else None,
    )
