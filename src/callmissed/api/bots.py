"""`/v1/bots`: what can answer a session."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, Field

from callmissed.api.routes import SIGNED, TenantTransaction, guarded_router, refusals
from callmissed.api.session_forms import Moment
from callmissed.domain.bots import Bot, BotType
from callmissed.domain.errors import Kind
from callmissed.services import bots

MAX_OFFSET = 2**53

router = guarded_router("bots")


class BotOut(BaseModel):
    """In its published version; a model or language of null is the platform's default."""

    id: UUID
    name: str
    type: BotType
    version: int
    system_prompt: str
    greeting: str | None = Field(description="Null: the usual one in the language.")
    language: str | None
    voice: str | None
    llm_model: str | None
    stt_model: str | None
    tts_model: str | None
    knowledge_base_ids: list[UUID]
    created_at: Moment


@router.get("/v1/bots", operation_id="list_bots", responses=refusals(*SIGNED, Kind.INVALID_VALUE))
async def list_bots(
    db: TenantTransaction,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> list[BotOut]:
    """Newest first; the header `X-Total-Count` says how many there are."""
    page, total = await bots.list_bots(db, limit, min(offset, MAX_OFFSET))
    response.headers["X-Total-Count"] = str(total)
    return [_show(bot) for bot in page]


@router.get(
    "/v1/bots/{bot_id}",
    operation_id="get_bot",
    responses=refusals(*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND),
)
async def get_bot(db: TenantTransaction, bot_id: UUID) -> BotOut:
    """One bot."""
    return _show(await bots.get_bot(db, bot_id))


def _show(bot: Bot) -> BotOut:
    return BotOut(
        id=bot.id,
        name=bot.name,
        type=bot.type,
        version=bot.version,
        system_prompt=bot.system_prompt,
        greeting=bot.greeting,
        language=bot.models.language,
        voice=bot.models.voice,
        llm_model=bot.models.llm_model,
        stt_model=bot.models.stt_model,
        tts_model=bot.models.tts_model,
        knowledge_base_ids=list(bot.knowledge_base_ids),
        created_at=bot.created_at,
    )
