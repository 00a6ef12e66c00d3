"""Bots, as calls and the API read them."""

from uuid import UUID

from callmissed.domain.bots import Bot
from callmissed.domain.errors import not_found
from callmissed.store import bots
from callmissed.store.tenant import TenantDb


async def get_bot(db: TenantDb, bot_id: UUID) -> Bot:
    """In its published version. Raises Refusal NOT_FOUND."""
    bot = await bots.find(db, bot_id)
    if bot is None:
        raise not_found("bot")
    return bot


async def list_bots(db: TenantDb, limit: int = 50, offset: int = 0) -> tuple[list[Bot], int]:
    """Newest first, with how many there are in all."""
    return await bots.list_page(db, limit, offset), await bots.count(db)
