"""Asking an open transaction, whichever door it was opened by."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Executable, func, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection


class OpenDb(Protocol):
    """A `TenantDb` or a `SystemDb`; what it sees is decided by row-level security."""

    @property
    def connection(self) -> AsyncConnection: ...


Params = Mapping[str, Any] | Sequence[Mapping[str, Any]]


async def fetch_all(
    db: OpenDb, statement: Executable, params: Params | None = None
) -> Sequence[RowMapping]:
    return (await db.connection.execute(statement, params)).mappings().all()


async def fetch_first(
    db: OpenDb, statement: Executable, params: Params | None = None
) -> RowMapping | None:
    return (await db.connection.execute(statement, params)).mappings().first()


async def fetch_value(db: OpenDb, statement: Executable, params: Params | None = None) -> Any:
    """The first column of the first row; None where there is no row."""
    return (await db.connection.execute(statement, params)).scalar()


async def change(db: OpenDb, statement: Executable, params: Params | None = None) -> int:
    """How many rows an INSERT, UPDATE or DELETE touched."""
    kept = {"preserve_rowcount": True}  # without it an INSERT reports -1
    return (await db.connection.execute(statement, params, execution_options=kept)).rowcount


async def read_clock(db: OpenDb) -> datetime:
    """The database's time at this very moment, not at the transaction's begin."""
    moment: datetime = await fetch_value(db, select(func.clock_timestamp()))
    return moment


def interval_s(seconds: float) -> ColumnElement[Any]:
    """A PostgreSQL interval of that many seconds."""
    return func.make_interval(0, 0, 0, 0, 0, 0, float(seconds))
