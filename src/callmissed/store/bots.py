"""Rows of `bots`, `bot_versions` and `bot_drafts`."""

from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Select, and_, delete, func, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping

from callmissed.domain.bots import Bot, BotDraft, BotTerms, BotType, BotVersion
from callmissed.store.rows import OpenDb, change, fetch_all, fetch_first, fetch_value
from callmissed.store.schema import bot_drafts, bot_versions, bots
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

terms_json: TypeAdapter[BotTerms] = TypeAdapter(BotTerms)

_COLUMNS = ("system_prompt", "greeting", "models", "knowledge_base_ids")
"""The others of the terms are in the column `more`."""


async def add(db: OpenDb, tenant_id: UUID, name: str, bot_type: BotType, terms: BotTerms) -> UUID:
    """A bot with its version 1, published."""
    bot_id = uuid4()
    row = {"id": bot_id, "tenant_id": tenant_id, "name": name, "type": bot_type.value}
    moments = {"created_at": func.now(), "updated_at": func.now()}
    await change(db, insert(bots).values(**row, published_version=1, **moments))
    await add_version(db, tenant_id, bot_id, 1, terms)
    return bot_id


async def add_version(
    db: OpenDb,
    tenant_id: UUID,
    bot_id: UUID,
    version: int,
    terms: BotTerms,
    restored_from: int | None = None,
) -> None:
    await change(
        db,
        insert(bot_versions).values(
            tenant_id=tenant_id,
            bot_id=bot_id,
            version=version,
            restored_from=restored_from,
            created_at=func.now(),
            **_write(terms),
        ),
    )


async def publish(db: TenantDb, bot_id: UUID, version: int) -> None:
    await _update(db, bot_id, published_version=version, updated_at=func.now())


async def rename(db: TenantDb, bot_id: UUID, name: str) -> None:
    await _update(db, bot_id, name=name, updated_at=func.now())


async def mark_deleted(db: TenantDb, bot_id: UUID) -> None:
    """Nobody finds it any more; calls that began with it go on."""
    await _update(db, bot_id, deleted_at=func.now())


async def lock(db: TenantDb, bot_id: UUID) -> int | None:
    """The newest version's number; until the transaction ends nobody else changes the bot. None
    where there is none.
    """
    own = select(bots.c.published_version).where(*_own(db), bots.c.id == bot_id)
    if await fetch_value(db, own.with_for_update()) is None:
        return None
    of_bot = (bot_versions.c.tenant_id == db.tenant_id, bot_versions.c.bot_id == bot_id)
    newest: int = await fetch_value(db, select(func.max(bot_versions.c.version)).where(*of_bot))
    return newest


async def put_draft(db: TenantDb, bot_id: UUID, terms: BotTerms) -> None:
    row = {**_write(terms), "updated_at": func.now()}
    statement = insert(bot_drafts).values(tenant_id=db.tenant_id, bot_id=bot_id, **row)
    await change(db, statement.on_conflict_do_update(index_elements=["bot_id"], set_=row))


async def find_draft(db: TenantDb, bot_id: UUID) -> BotDraft | None:
    own = (bot_drafts.c.tenant_id == db.tenant_id, bot_drafts.c.bot_id == bot_id)
    row = await fetch_first(db, select(bot_drafts).where(*own))
    return None if row is None else BotDraft(_terms(row), row["updated_at"])


async def remove_draft(db: TenantDb, bot_id: UUID) -> bool:
    own = (bot_drafts.c.tenant_id == db.tenant_id, bot_drafts.c.bot_id == bot_id)
    return await change(db, delete(bot_drafts).where(*own)) == 1


async def find(db: TenantDb, bot_id: UUID) -> Bot | None:
    """In its published version."""
    row = await fetch_first(db, _published().where(*_own(db), bots.c.id == bot_id))
    return None if row is None else _bot(row)


async def find_version(
    db: SystemDb, tenant_id: UUID, bot_id: UUID, version: int | None
) -> Bot | None:
    """The bot as it was in `version`, deleted or not; None takes the published one."""
    wanted = bots.c.published_version if version is None else version
    statement = _joined(bot_versions.c.version == wanted)
    row = await fetch_first(db, statement.where(bots.c.id == bot_id, bots.c.tenant_id == tenant_id))
    return None if row is None else _bot(row)


async def list_versions(
    db: TenantDb, bot_id: UUID, version: int | None = None, limit: int = 1, offset: int = 0
) -> list[BotVersion]:
    """Newest first, or the one that is asked for."""
    own = (bot_versions.c.tenant_id == db.tenant_id, bot_versions.c.bot_id == bot_id)
    statement = select(bot_versions).where(*own)
    if version is not None:
        statement = statement.where(bot_versions.c.version == version)
    statement = statement.order_by(bot_versions.c.version.desc()).limit(limit).offset(offset)
    return [_version(row) for row in await fetch_all(db, statement)]


async def list_page(db: TenantDb, kind: BotType | None, limit: int, offset: int) -> list[Bot]:
    """Newest first."""
    statement = _published().where(*_own(db), _of_type(kind))
    newest = statement.order_by(bots.c.created_at.desc(), bots.c.id)
    return [_bot(row) for row in await fetch_all(db, newest.limit(limit).offset(offset))]


async def count(db: TenantDb, kind: BotType | None = None) -> int:
    own = select(func.count()).select_from(bots).where(*_own(db), _of_type(kind))
    total: int = await fetch_value(db, own)
    return total


async def first_of(db: SystemDb, tenant_id: UUID) -> UUID | None:
    """The tenant's oldest bot."""
    own = (bots.c.tenant_id == tenant_id, bots.c.deleted_at.is_(None))
    oldest = select(bots.c.id).where(*own).order_by(bots.c.created_at, bots.c.id).limit(1)
    bot_id: UUID | None = await fetch_value(db, oldest)
    return bot_id


async def _update(db: TenantDb, bot_id: UUID, **values: Any) -> None:
    await change(db, update(bots).where(*_own(db), bots.c.id == bot_id).values(**values))


def _own(db: TenantDb) -> tuple[ColumnElement[bool], ...]:
    return (bots.c.tenant_id == db.tenant_id, bots.c.deleted_at.is_(None))


def _of_type(kind: BotType | None) -> ColumnElement[bool]:
    return true() if kind is None else bots.c.type == kind.value


def _published() -> Select[tuple[object, ...]]:
    return _joined(bot_versions.c.version == bots.c.published_version)


def _joined(version: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    same_bot = and_(bot_versions.c.bot_id == bots.c.id, version)
    draft = select(bot_drafts.c.bot_id).where(
        bot_drafts.c.tenant_id == bots.c.tenant_id, bot_drafts.c.bot_id == bots.c.id
    )
    return select(
        bots.c.id,
        bots.c.tenant_id,
        bots.c.name,
        bots.c.type,
        bots.c.created_at,
        bots.c.updated_at,
        bot_versions.c.version,
        *(bot_versions.c[name] for name in (*_COLUMNS, "more")),
        draft.exists().label("has_draft"),
    ).select_from(bots.join(bot_versions, same_bot))


def _write(terms: BotTerms) -> dict[str, Any]:
    """The terms as the columns that a version and a draft have in common."""
    whole = terms_json.dump_python(terms, mode="json")
    more = {name: value for name, value in whole.items() if name not in _COLUMNS}
    columns = {name: whole[name] for name in ("system_prompt", "greeting", "models")}
    return {**columns, "knowledge_base_ids": list(terms.knowledge_base_ids), "more": more}


def _terms(row: RowMapping) -> BotTerms:
    return terms_json.validate_python({**row["more"], **{name: row[name] for name in _COLUMNS}})


def _version(row: RowMapping) -> BotVersion:
    return BotVersion(row["version"], _terms(row), row["created_at"], row["restored_from"])


def _bot(row: RowMapping) -> Bot:
    return Bot(
        id=row["id"],
        tenant_id=row["tenant_id"],
        name=row["name"],
        type=BotType(row["type"]),
        version=row["version"],
        terms=_terms(row),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        has_draft=row["has_draft"],
    )
