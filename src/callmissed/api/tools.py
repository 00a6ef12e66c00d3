"""`/v1/tools`: what bots can do beside talking: HTTP tools without code, MCP servers."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

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
from callmissed.api.tool_forms import (
    ToolChangeIn,
    ToolIn,
    ToolOut,
    ToolTestIn,
    ToolTestOut,
    merge_tool,
    read_tool,
    show_listed,
    show_tool,
)
from callmissed.domain.audit import actor_of
from callmissed.domain.errors import Kind
from callmissed.runtime.tool_trials import try_tool
from callmissed.services import idempotency, tools
from callmissed.services.tool_checks import check_form

MAX_OFFSET = 2**53
CREATE_ROUTE = "POST /v1/tools"
READ_KINDS = (*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND)

router = guarded_router("tools")


@router.post(
    "/v1/tools",
    status_code=status.HTTP_201_CREATED,
    operation_id="create_tool",
    responses=refusals(
        *SIGNED, *WITH_BODY, Kind.NOT_FOUND, Kind.CONFLICT, Kind.IDEMPOTENCY_MISMATCH
    ),
)
async def create_tool(
    db: TenantTransaction,
    house: CurrentHouse,
    principal: CurrentPrincipal,
    response: Response,
    body: ToolIn,
    idempotency_key: IdempotencyKey = None,
) -> ToolOut:
    """A tool that bots may be given. The values of its headers are never shown again."""
    claim = claim_of(idempotency_key, CREATE_ROUTE, body.model_dump(mode="json"))
    if claim.key is not None:
        replay = await idempotency.claim_key(db, claim.key, claim.body_hash)
        if replay is not None:
            response.headers["Idempotent-Replayed"] = "true"
            return show_tool(await tools.get_tool(db, replay.resource_id))
    form = read_tool(body)
    await check_form(form, house.settings.outbound_allow, house.resolver)
    sealing, actor = house.keyring.sealing, actor_of(principal)
    made = await tools.create_tool(db, actor, sealing, form, body.headers)
    if claim.key is not None:
        await idempotency.remember(db, claim.key, made.id)
    return show_tool(made)


@router.get("/v1/tools", operation_id="list_tools", responses=refusals(*SIGNED, Kind.INVALID_VALUE))
async def list_tools(
    db: TenantTransaction,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> list[ToolOut]:
    """Newest first; the header `X-Total-Count` says how many there are."""
    page, total = await tools.list_tools(db, limit, min(offset, MAX_OFFSET))
    response.headers["X-Total-Count"] = str(total)
    return [show_tool(tool) for tool in page]


@router.get("/v1/tools/{tool_id}", operation_id="get_tool", responses=refusals(*READ_KINDS))
async def get_tool(db: TenantTransaction, tool_id: UUID) -> ToolOut:
    """One tool."""
    return show_tool(await tools.get_tool(db, tool_id))


@router.patch(
    "/v1/tools/{tool_id}",
    operation_id="change_tool",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.NOT_FOUND, Kind.CONFLICT),
)
async def change_tool(
    db: TenantTransaction,
    house: CurrentHouse,
    principal: CurrentPrincipal,
    tool_id: UUID,
    body: ToolChangeIn,
) -> ToolOut:
    """In force from the next call on."""
    tool = await tools.get_tool(db, tool_id)
    form = merge_tool(tool, body)
    await check_form(form, house.settings.outbound_allow, house.resolver)
    sealing, actor = house.keyring.sealing, actor_of(principal)
    return show_tool(await tools.change_tool(db, actor, sealing, tool, form, body.headers))


@router.delete(
    "/v1/tools/{tool_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="delete_tool",
    responses=refusals(*READ_KINDS),
)
async def delete_tool(db: TenantTransaction, principal: CurrentPrincipal, tool_id: UUID) -> None:
    """Bots that name it go on without it."""
    await tools.delete_tool(db, actor_of(principal), tool_id)


@router.post(
    "/v1/tools/{tool_id}/test",
    operation_id="test_tool",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.NOT_FOUND, Kind.CONFLICT),
)
async def test_tool(
    house: CurrentHouse, principal: CurrentPrincipal, tool_id: UUID, body: ToolTestIn
) -> ToolTestOut:
    """Really asks the tool, as a call would; of an MCP server also notes which tools it has."""
    tenant_id = principal.tenant_id
    async with house.database.tenant(tenant_id) as db:
        tool = await tools.get_tool(db, tool_id)
    terms = tools.open_one(tool, house.keyring.sealing, tenant_id)
    trial = await try_tool(house.connections, terms, body.arguments, body.remote)
    if trial.listed is not None:
        async with house.database.tenant(tenant_id) as db:
            tool = await tools.keep_listed(db, tool_id, trial.listed)
    result = trial.result
    return ToolTestOut(
        outcome=result.outcome,
        text=result.text,
        took_ms=round(result.took_ms, 1),
        listed=show_listed(tool),
    )
