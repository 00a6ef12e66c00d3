"""Rows of `documents` and of their bytes, `document_files`."""

from collections.abc import AsyncIterator
from dataclasses import fields
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import RowMapping

from callmissed.domain.knowledge import Document, DocumentState, Origin
from callmissed.store.rows import OpenDb, change, fetch_all, fetch_first, fetch_value
from callmissed.store.schema import document_files, documents
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

_rows = documents.c
_files = document_files.c
_SHOWN = [_rows[one.name] for one in fields(Document)]


async def add(
    db: OpenDb,
    tenant_id: UUID,
    base_id: UUID,
    name: str,
    media_type: str,
    origin: Origin,
    url: str | None,
) -> UUID:
    """Waiting, in version 1, without bytes. Its name must be new in the base."""
    document_id = uuid4()
    await change(
        db,
        insert(documents).values(
            id=document_id,
            tenant_id=tenant_id,
            knowledge_base_id=base_id,
            name=name,
            media_type=media_type,
            content_sha256=bytes(32),
            origin=origin.value,
            url=url,
            state=DocumentState.WAITING.value,
            version=1,
            progress_percent=0,
            attempts=0,
            size_bytes=0,
            passage_count=0,
            chars=0,
            created_at=func.now(),
            updated_at=func.now(),
        ),
    )
    return document_id


async def find(db: OpenDb, tenant_id: UUID, document_id: UUID) -> Document | None:
    row = await fetch_first(db, select(*_SHOWN).where(*_own(tenant_id, document_id)))
    return None if row is None else _document(row)


async def find_named(db: TenantDb, base_id: UUID, name: str) -> Document | None:
    its_own = (_rows.tenant_id == db.tenant_id, _rows.knowledge_base_id == base_id)
    row = await fetch_first(db, select(*_SHOWN).where(*its_own, _rows.name == name))
    return None if row is None else _document(row)


async def list_page(
    db: TenantDb, base_id: UUID, limit: int, offset: int
) -> tuple[list[Document], int]:
    """Newest first, with how many there are."""
    its_own = (_rows.tenant_id == db.tenant_id, _rows.knowledge_base_id == base_id)
    newest = select(*_SHOWN).where(*its_own).order_by(_rows.created_at.desc(), _rows.id)
    rows = await fetch_all(db, newest.limit(limit).offset(offset))
    total: int = await fetch_value(db, select(func.count()).select_from(documents).where(*its_own))
    return [_document(row) for row in rows], total


async def change_document(
    db: OpenDb, tenant_id: UUID, document_id: UUID, newest: int | None = None, /, **values: Any
) -> bool:
    """Sets columns; with `newest` only while that is the newest version. False where none matched."""
    statement = update(documents).where(*_own(tenant_id, document_id))
    if newest is not None:
        statement = statement.where(_rows.version == newest)
    return await change(db, statement.values(updated_at=func.now(), **values)) == 1


async def remove(db: TenantDb, base_id: UUID, document_id: UUID) -> bool:
    """With its bytes, passages and words."""
    its_own = (*_own(db.tenant_id, document_id), _rows.knowledge_base_id == base_id)
    return await change(db, delete(documents).where(*its_own)) == 1


async def list_unread(db: SystemDb, limit: int) -> list[tuple[UUID, UUID, int]]:
    """(tenant, document, version) of those that have waited or been read for a minute."""
    states = [DocumentState.WAITING.value, DocumentState.READING.value]
    old = _rows.updated_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 1)
    statement = select(_rows.tenant_id, _rows.id, _rows.version)
    statement = statement.where(_rows.state.in_(states), old).order_by(_rows.updated_at)
    rows = await fetch_all(db, statement.limit(limit))
    return [(row["tenant_id"], row["id"], row["version"]) for row in rows]


async def add_part(
    db: OpenDb, tenant_id: UUID, document_id: UUID, version: int, part: int, data: bytes
) -> None:
    row = {"tenant_id": tenant_id, "document_id": document_id, "version": version}
    await change(db, insert(document_files).values(**row, part=part, bytes=data))


async def remove_files(
    db: OpenDb, tenant_id: UUID, document_id: UUID, *, but_version: int | None = None
) -> None:
    own = (_files.tenant_id == tenant_id, _files.document_id == document_id)
    statement = delete(document_files).where(*own)
    if but_version is not None:
        statement = statement.where(_files.version != but_version)
    await change(db, statement)


async def read_parts(
    db: OpenDb, tenant_id: UUID, document_id: UUID, version: int
) -> AsyncIterator[bytes]:
    """The bytes of one version, part by part."""
    part = 0
    one = (
        _files.tenant_id == tenant_id,
        _files.document_id == document_id,
        _files.version == version,
    )
    while True:
        statement = select(_files.bytes).where(*one, _files.part == part)
        data: bytes | None = await fetch_value(db, statement)
        if data is None:
            return
        yield data
        part += 1


def _own(tenant_id: UUID, document_id: UUID) -> tuple[Any, Any]:
    return _rows.tenant_id == tenant_id, _rows.id == document_id


def _document(row: RowMapping) -> Document:
    values = dict(row)
    values["origin"] = Origin(values["origin"])
    values["state"] = DocumentState(values["state"])
    return Document(**values)
