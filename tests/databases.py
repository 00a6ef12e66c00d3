"""Fresh, migrated databases for tests, copied from one template of the cluster."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from callmissed.store.database import Database
from callmissed.store.migrations import upgrade

TEMPLATE = "template_of_tests"
# As the fixture `postgres_url` makes its cluster.
ADMIN, ADMIN_PASSWORD = "postgres", "admin-password"


@asynccontextmanager
async def empty_database(postgres_url: str) -> AsyncIterator[str]:
    """`postgresql+psycopg://…` of a database that the role of `postgres_url` owns; not migrated."""
    async with _database(postgres_url, "template1") as url:
        yield url


@asynccontextmanager
async def fresh_database(postgres_url: str) -> AsyncIterator[str]:
    """`postgresql+psycopg://…` of a migrated database of its own, dropped afterwards."""
    await asyncio.to_thread(_make_template, postgres_url)
    async with _database(postgres_url, TEMPLATE) as url:
        yield url


@asynccontextmanager
async def open_database(postgres_url: str) -> AsyncIterator[Database]:
    async with fresh_database(postgres_url) as url:
        database = Database(url)
        try:
            yield database
        finally:
            await database.dispose()


def admin_url(postgres_url: str, name: str = "postgres") -> str:
    """A superuser's address of a database of the same cluster, as libpq reads it."""
    url = make_url(postgres_url).set(drivername="postgresql", username=ADMIN, database=name)
    return _shown(url.set(password=ADMIN_PASSWORD))


@asynccontextmanager
async def _database(postgres_url: str, template: str) -> AsyncIterator[str]:
    name = f"t{uuid4().hex}"
    admin = admin_url(postgres_url)
    async with await psycopg.AsyncConnection.connect(admin, autocommit=True) as connection:
        await connection.execute(_create(postgres_url, name, template))
    try:
        yield _url(postgres_url, name)
    finally:
        async with await psycopg.AsyncConnection.connect(admin, autocommit=True) as connection:
            await connection.execute(
                sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            )


@cache
def _make_template(postgres_url: str) -> None:
    with psycopg.connect(admin_url(postgres_url), autocommit=True) as connection:
        # Nothing here outlives the run, so nothing waits for the disk.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(sql.SQL("alter system set {} = off").format(sql.Identifier(setting)))
        connection.execute("select pg_reload_conf()")
        connection.execute(_create(postgres_url, TEMPLATE, "template1"))
    upgrade(_url(postgres_url, TEMPLATE))


def _create(postgres_url: str, name: str, template: str) -> sql.Composed:
    owner = make_url(postgres_url).username or ""
    names = [sql.Identifier(item) for item in (name, owner, template)]
    return sql.SQL("create database {} owner {} template {}").format(*names)


def _url(postgres_url: str, name: str) -> str:
    return _shown(make_url(postgres_url).set(drivername="postgresql+psycopg", database=name))


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)
