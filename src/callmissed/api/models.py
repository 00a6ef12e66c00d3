"""`/v1/models`: what a session can name now, in the shape that OpenAI's SDKs read."""

from datetime import UTC, date, datetime, time
from typing import Literal

from pydantic import BaseModel, Field

from callmissed.api.routes import (
    SIGNED,
    CurrentHouse,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.domain.errors import Kind
from callmissed.domain.models import Model, ModelStatus, Service
from callmissed.providers.catalog import LOCAL
from callmissed.services.models import list_models as list_routable
from callmissed.services.provider_keys import find_owners

router = guarded_router("models")


class PriceOut(BaseModel):
    """The vendor's list price on a day: `micros` millionths of `currency` for `per` of `what`."""

    what: str
    per: int
    currency: str
    micros: int
    as_of: date


class ModelOut(BaseModel):
    """One model; the first four fields are OpenAI's."""

    id: str
    object: Literal["model"]
    created: int = Field(description="Unix time in seconds.")
    owned_by: str
    provider: str
    service: Service
    status: ModelStatus
    languages: list[str] = Field(
        description="BCP-47; one without a region stands for all of them, an empty list for any."
    )
    voices: list[str]
    deprecated_voices: list[str] = Field(description="Of `voices`: still taken, soon gone.")
    sample_rates: list[int] = Field(description="In Hz.")
    prices: list[PriceOut]
    is_default: bool = Field(description="Runs where a request and its bot name none.")
    fallback: str | None = Field(
        description="The local model that answers in its place: as long as there is no key for "
        "this service, or where a local one does not know the language."
    )
    spares: list[str] = Field(description="Models that take over when it fails in mid-call.")
    note: str | None


class ModelList(BaseModel):
    object: Literal["list"]
    data: list[ModelOut]


@router.get(
    "/v1/models", operation_id="list_models", responses=refusals(*SIGNED, Kind.INVALID_VALUE)
)
async def list_models(
    house: CurrentHouse, db: TenantTransaction, service: Service | None = None
) -> ModelList:
    """Only what can be routed now for this tenant, and what is under maintenance."""
    owners = await find_owners(db, house.vault)
    found = list_routable(house.catalog, service, frozenset(owners))
    defaults = house.catalog.defaults
    return ModelList(
        object="list",
        data=[
            _show(model, is_served=model.provider in owners, default=defaults.get(model.service))
            for model in found
        ],
    )


def _show(model: Model, *, is_served: bool, default: str | None) -> ModelOut:
    return ModelOut(
        id=model.id,
        object="model",
        created=int(datetime.combine(model.created, time(), UTC).timestamp()),
        owned_by=model.provider,
        provider=model.provider,
        service=model.service,
        status=model.status,
        languages=list(model.languages),
        voices=list(model.voices),
        deprecated_voices=list(model.deprecated_voices),
        sample_rates=list(model.sample_rates_hz),
        prices=[
            PriceOut(
                what=price.what,
                per=price.per,
                currency=price.currency,
                micros=price.micros,
                as_of=price.as_of,
            )
            for price in model.prices
        ],
        is_default=model.id == default,
        fallback=None if is_served and model.provider != LOCAL else model.fallback,
        spares=list(model.spares),
        note=model.note or None,
    )
