"""Bots from files and templates, and as files."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response, status
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_jsonable_python

from callmissed.api.bot_forms import BotIn, BotOut, Name, fields_of, read_terms, show_bot
from callmissed.api.bots import JUDGED, READ_KINDS
from callmissed.api.idempotency import IdempotencyKey, claim_of
from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentHouse,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.api.session_forms import MAX_URL_CHARS
from callmissed.api.tool_forms import ToolIn, read_tool
from callmissed.domain.audit import Actor, actor_of
from callmissed.domain.bots import MAX_VERSIONS, Bot
from callmissed.domain.errors import Kind
from callmissed.kit.bounded_yaml import write_yaml
from callmissed.runtime.house import House
from callmissed.services import bots, idempotency
from callmissed.services.bot_checks import check_terms
from callmissed.services.bot_files import find_parts, name_parts, read_file
from callmissed.services.bot_templates import (
    add_documents,
    add_tools,
    find_template,
    forms_of,
    list_templates,
)
from callmissed.services.tool_checks import check_form

MAX_FILE_CHARS = 300_000
YAML = "application/yaml"

router = guarded_router("bots")

TemplateName = StrEnum("TemplateName", {one.name: one.name for one in list_templates()})  # type: ignore[misc]


class BotFileIn(BaseModel):
    """A file as `GET /v1/bots/{bot_id}/export` shows it."""

    model_config = ConfigDict(extra="forbid")

    yaml: str = Field(min_length=1, max_length=MAX_FILE_CHARS)
    name: Name | None = Field(None, description="In the place of the file's.")


class TemplateOut(BaseModel):
    """A bot that is ready to be made."""

    name: str
    about: str


class FromTemplateIn(BaseModel):
    """Which one, under which name, and where its tools ask."""

    model_config = ConfigDict(extra="forbid")

    template: TemplateName
    name: Name | None = None
    service_url: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_URL_CHARS,
        description="Your service, or `callmissed dev service`; without it, no tools ask outside.",
    )


@router.get(
    "/v1/bots/{bot_id}/export",
    operation_id="export_bot",
    response_class=Response,
    responses={200: {"content": {YAML: {"schema": {"type": "object"}}}}, **refusals(*READ_KINDS)},
)
async def export_bot(
    db: TenantTransaction,
    bot_id: UUID,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSIONS)] = None,
) -> Response:
    """A file that makes the same bot, also for another tenant that has tools and knowledge bases of
    these names.
    """
    bot = await bots.get_bot(db, bot_id)
    terms = bot.terms
    if version is not None:
        terms = (await bots.get_version(db, bot_id, version)).terms
    shown = {"name": bot.name, "type": bot.type.value, **to_jsonable_python(fields_of(terms))}
    return Response(write_yaml(await name_parts(db, shown, terms)), media_type=YAML)


@router.post(
    "/v1/bots/import",
    status_code=status.HTTP_201_CREATED,
    operation_id="import_bot",
    responses=refusals(*SIGNED, *WITH_BODY, *JUDGED, Kind.IDEMPOTENCY_MISMATCH),
)
async def import_bot(
    db: TenantTransaction,
    house: CurrentHouse,
    principal: CurrentPrincipal,
    response: Response,
    body: BotFileIn,
    idempotency_key: IdempotencyKey = None,
) -> BotOut:
    """A new bot as the file says."""
    claim = claim_of(idempotency_key, "POST /v1/bots/import", body.model_dump())
    if claim.key is not None:
        replay = await idempotency.claim_key(db, claim.key, claim.body_hash)
        if replay is not None:
            response.headers["Idempotent-Replayed"] = "true"
            return show_bot(await bots.get_bot(db, replay.resource_id))
    fields = await find_parts(db, read_file(body.yaml))
    if body.name is not None:
        fields["name"] = body.name
    made = await _create(db, house, actor_of(principal), fields)
    if claim.key is not None:
        await idempotency.remember(db, claim.key, made.id)
    return show_bot(made)


@router.get("/v1/bot-templates", operation_id="list_bot_templates", responses=refusals(*SIGNED))
async def list_bot_templates() -> list[TemplateOut]:
    """Bots that are ready to be made."""
    return [TemplateOut(name=one.name, about=one.about) for one in list_templates()]


@router.post(
    "/v1/bots/from-template",
    status_code=status.HTTP_201_CREATED,
    operation_id="create_bot_from_template",
    responses=refusals(*SIGNED, *WITH_BODY, *JUDGED, Kind.IDEMPOTENCY_MISMATCH),
)
async def create_from_template(
    db: TenantTransaction,
    house: CurrentHouse,
    principal: CurrentPrincipal,
    response: Response,
    body: FromTemplateIn,
    idempotency_key: IdempotencyKey = None,
) -> BotOut:
    """A bot with its knowledge base and tools, at once; all of them are yours to change."""
    claim = claim_of(idempotency_key, "POST /v1/bots/from-template", body.model_dump(mode="json"))
    if claim.key is not None:
        replay = await idempotency.claim_key(db, claim.key, claim.body_hash)
        if replay is not None:
            response.headers["Idempotent-Replayed"] = "true"
            return show_bot(await bots.get_bot(db, replay.resource_id))
    template, actor = find_template(body.template.value), actor_of(principal)
    forms = [read_tool(ToolIn(**form)) for form in forms_of(template, body.service_url)]
    for form in forms:
        await check_form(form, house.settings.outbound_allow, house.resolver)
    tool_ids = await add_tools(db, actor, house.keyring.sealing, forms)
    fields = {**template.fields, "name": body.name or template.fields["name"]}
    uses = [{"type": "http", "tool_id": tool_id} for tool_id in tool_ids]
    fields["tools"] = [*template.fields["tools"], *uses]
    fields["knowledge_base_ids"] = [await add_documents(db, actor, fields["name"], template)]
    made = await _create(db, house, actor, fields)
    if claim.key is not None:
        await idempotency.remember(db, claim.key, made.id)
    return show_bot(made)


async def _create(db: TenantTransaction, house: House, actor: Actor, fields: dict[str, Any]) -> Bot:
    try:
        form = BotIn.model_validate(fields)
    except ValidationError as error:
        errors = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(errors) from error
    terms = read_terms(form)
    await check_terms(db, house.vault, terms)
    return await bots.create_bot(db, actor, form.name, form.type, terms)
