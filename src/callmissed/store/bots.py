"""Rows of `bots` and `bot_versions`."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID, uuid4

from sqlalchemy import Select, and_, func, insert, select
from sqlalchemy.engine import RowMapping

from callmissed.domain.bots import Bot, BotType, ModelChoice
from callmissed.store.rows import OpenDb, change, fetch_all, fetch_first, fetch_value
from callmissed.store.schema import bot_versions, bots
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb


async def add(
    db: OpenDb,
    tenant_id: UUID,
    name: str,
    bot_type: BotType,
    system_prompt: str,
    greeting: str | None,
    models: ModelChoice,
    knowledge_base_ids: Sequence[UUID],
) -> UUID:
    """A bot with its version 1, published."""
    bot_id = uuid4()
    common = {"tenant_id": tenant_id, "created_at": func.now()}
    await change(
        db,
        insert(bots).values(
            id=bot_id, name=name, type=bot_type.value, published_version=1, **common
        ),
    )
    await change(
        db,
        insert(bot_versions).values(
            bot_id=bot_id,
            version=1,
            system_prompt=system_prompt,
            greeting=greeting,
            models=asdict(models),
            knowledge_base_ids=list(knowledge_base_ids),
            **common,
        ),
    )
    return bot_id


async def find(db: TenantDb, bot_id: UUID) -> Bot | None:
    row = await fetch_first(
        db, _published().where(bots.c.id == bot_id, bots.c.tenant_id == db.tenant_id)
    )
    return None if row is None else _bot(row)


async def find_version(
    db: SystemDb, tenant_id: UUID, bot_id: UUID, version: int | None
) -> Bot | None:
    """The bot as it was in `version`; None takes the published one."""
    wanted = bots.c.published_version if version is None else version
    statement = _joined(bot_versions.c.version == wanted)
    row = await fetch_first(db, statement.where(bots.c.id == bot_id, bots.c.tenant_id == tenant_id))
    return None if row is None else _bot(row)


async def list_page(db: TenantDb, limit: int, offset: int) -> list[Bot]:
    """Newest first."""
    statement = (
        _published()
        .where(bots.c.tenant_id == db.tenant_id)
        .order_by(bots.c.created_at.desc(), bots.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [_bot(row) for row in await fetch_all(db, statement)]


async def count(db: TenantDb) -> int:
    total: int = await fetch_value(
        db, select(func.count()).select_from(bots).where(bots.c.tenant_id == db.tenant_id)
    )
    return total


async def first_of(db: SystemDb, tenant_id: UUID) -> UUID | None:
    """The tenant's oldest bot."""
    bot_id: UUID | None = await fetch_value(
        db,
        select(bots.c.id)
        .where(bots.c.tenant_id == tenant_id)
        .order_by(bots.c.created_at, bots.c.id)
        .limit(1),
    )
    return bot_id


def _published() -> Select[tuple[object, ...]]:
    return _joined(bot_versions.c.version == bots.c.published_version)


def _joined(version: object) -> Select[tuple[object, ...]]:
    same_bot = and_(bot_versions.c.bot_id == bots.c.id, version)  # type: ignore[arg-type]
    return select(
        bots.c.id,
        bots.c.tenant_id,
        bots.c.name,
        bots.c.type,
        bots.c.created_at,
        bot_versions.c.version,
        bot_versions.c.system_prompt,
        bot_versions.c.greeting,
        bot_versions.c.models,
        bot_versions.c.knowledge_base_ids,
    ).select_from(bots.join(bot_versions, same_bot))


def _bot(row: RowMapping) -> Bot:
    return Bot(
        id=row["id"],
        tenant_id=row["tenant_id"],
        name=row["name"],
        type=BotType(row["type"]),
        version=row["version"],
        system_prompt=row["system_prompt"],
        greeting=row["greeting"],
        created_at=row["created_at"],
        models=ModelChoice(**row["models"]),
        knowledge_base_ids=tuple(row["knowledge_base_ids"]),
    )
