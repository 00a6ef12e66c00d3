"""Bots: made, drafted, published, brought back, and read by calls and the API."""

from uuid import UUID

from callmissed.domain.audit import Actor
from callmissed.domain.bots import (
    MAX_BOTS,
    MAX_VERSIONS,
    Bot,
    BotDraft,
    BotTerms,
    BotType,
    BotVersion,
)
from callmissed.domain.errors import Kind, Refusal, not_found
from callmissed.services.audit import record
from callmissed.store import bots
from callmissed.store.tenant import TenantDb


async def get_bot(db: TenantDb, bot_id: UUID) -> Bot:
    """In its published version. Raises Refusal NOT_FOUND."""
    bot = await bots.find(db, bot_id)
    if bot is None:
        raise not_found("bot")
    return bot


async def list_bots(
    db: TenantDb, kind: BotType | None = None, limit: int = 50, offset: int = 0
) -> tuple[list[Bot], int]:
    """Newest first, with how many there are in all."""
    return await bots.list_page(db, kind, limit, offset), await bots.count(db, kind)


async def create_bot(db: TenantDb, actor: Actor, name: str, kind: BotType, terms: BotTerms) -> Bot:
    """Its version 1 answers from now on; the terms were judged before. Raises Refusal CONFLICT."""
    if await bots.count(db) >= MAX_BOTS:
        raise Refusal(
            Kind.CONFLICT, f"There are {MAX_BOTS} bots already.", "Delete one that nobody needs."
        )
    bot_id = await bots.add(db, db.tenant_id, name, kind, terms)
    await record(db, db.tenant_id, actor, "bot.created", str(bot_id), {"name": name})
    return await get_bot(db, bot_id)


async def rename_bot(db: TenantDb, actor: Actor, bot_id: UUID, name: str) -> Bot:
    """Raises Refusal NOT_FOUND."""
    await get_bot(db, bot_id)
    await bots.rename(db, bot_id, name)
    await record(db, db.tenant_id, actor, "bot.renamed", str(bot_id), {"name": name})
    return await get_bot(db, bot_id)


async def delete_bot(db: TenantDb, actor: Actor, bot_id: UUID) -> None:
    """Nothing starts with it any more; calls that began with it go on. Raises Refusal NOT_FOUND."""
    await get_bot(db, bot_id)
    await bots.remove_draft(db, bot_id)
    await bots.mark_deleted(db, bot_id)
    await record(db, db.tenant_id, actor, "bot.deleted", str(bot_id))


async def get_draft(db: TenantDb, bot_id: UUID) -> BotDraft:
    """Raises Refusal NOT_FOUND, also where nothing is being written."""
    await get_bot(db, bot_id)
    draft = await bots.find_draft(db, bot_id)
    if draft is None:
        raise not_found("draft of a bot")
    return draft


async def terms_in_hand(db: TenantDb, bot_id: UUID) -> BotTerms:
    """Those of the draft, else of the published version. Raises Refusal NOT_FOUND."""
    bot = await get_bot(db, bot_id)
    draft = await bots.find_draft(db, bot_id)
    return bot.terms if draft is None else draft.terms


async def save_draft(db: TenantDb, actor: Actor, bot_id: UUID, terms: BotTerms) -> BotDraft:
    """In the place of the draft that was there; what answers stays as it is. The terms were judged
    before. Raises Refusal NOT_FOUND.
    """
    await get_bot(db, bot_id)
    await bots.put_draft(db, bot_id, terms)
    await record(db, db.tenant_id, actor, "bot.drafted", str(bot_id))
    return await get_draft(db, bot_id)


async def discard_draft(db: TenantDb, actor: Actor, bot_id: UUID) -> None:
    """Raises Refusal NOT_FOUND, also where there is none."""
    await get_draft(db, bot_id)
    await bots.remove_draft(db, bot_id)
    await record(db, db.tenant_id, actor, "bot.draft_discarded", str(bot_id))


async def publish_draft(db: TenantDb, actor: Actor, bot_id: UUID, terms: BotTerms) -> Bot:
    """The draft's `terms`, judged before, are the next version and answer from the next session on.

    Sessions that have begun keep the version they began with. Raises Refusal NOT_FOUND, CONFLICT.
    """
    version = await _next_version(db, bot_id)
    await bots.add_version(db, db.tenant_id, bot_id, version, terms)
    await bots.publish(db, bot_id, version)
    await bots.remove_draft(db, bot_id)
    await record(db, db.tenant_id, actor, "bot.published", str(bot_id), {"version": str(version)})
    return await get_bot(db, bot_id)


async def restore_version(
    db: TenantDb, actor: Actor, bot_id: UUID, version: int, terms: BotTerms
) -> Bot:
    """The `terms` of the old `version`, judged before, are the next version and answer from the
    next session on; a draft stays. Raises Refusal NOT_FOUND, CONFLICT.
    """
    following = await _next_version(db, bot_id)
    await bots.add_version(db, db.tenant_id, bot_id, following, terms, restored_from=version)
    await bots.publish(db, bot_id, following)
    details = {"version": str(following), "restored_from": str(version)}
    await record(db, db.tenant_id, actor, "bot.restored", str(bot_id), details)
    return await get_bot(db, bot_id)


async def get_version(db: TenantDb, bot_id: UUID, version: int) -> BotVersion:
    """Raises Refusal NOT_FOUND."""
    await get_bot(db, bot_id)
    found = await bots.list_versions(db, bot_id, version)
    if not found:
        raise not_found("version of a bot")
    return found[0]


async def list_versions(
    db: TenantDb, bot_id: UUID, limit: int, offset: int
) -> tuple[list[BotVersion], int]:
    """Newest first, with how many there are in all. Raises Refusal NOT_FOUND."""
    bot = await get_bot(db, bot_id)
    return await bots.list_versions(db, bot_id, None, limit, offset), bot.version


async def _next_version(db: TenantDb, bot_id: UUID) -> int:
    newest = await bots.lock(db, bot_id)
    if newest is None:
        raise not_found("bot")
    if newest >= MAX_VERSIONS:
        raise Refusal(
            Kind.CONFLICT,
            f"This bot has {MAX_VERSIONS} versions already.",
            "Export it and import it as a new one.",
        )
    return newest + 1
