"""The schema comes into being, also from several starts at once, and is what the queries think it
is.
"""

import asyncio
import sys

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine, inspect, text
from sqlalchemy.engine import make_url

from callmissed.store.migrations import LOCATION, upgrade
from callmissed.store.roles import UnfitDatabaseError
from callmissed.store.schema import metadata
from tests.databases import admin_url, empty_database, fresh_database
from tests.planting import find_marks, find_orphans, plant, plant_tenant


def is_current(url: str) -> bool:
    """True when the database stands at the newest revision."""
    config = Config()
    config.set_main_option("script_location", LOCATION)
    config.set_main_option("path_separator", "os")
    with create_engine(url, poolclass=NullPool).connect() as connection:
        present = MigrationContext.configure(connection).get_current_heads()
    return list(present) == list(ScriptDirectory.from_config(config).get_heads())


def earlier_revisions() -> list[str]:
    """Every revision with our own tables but the newest, oldest first."""
    config = Config()
    config.set_main_option("script_location", LOCATION)
    config.set_main_option("path_separator", "os")
    newest_first = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    return newest_first[:0:-1]


UPGRADE = "import sys; from callmissed.store.migrations import upgrade; upgrade(sys.argv[1])"


async def upgrade_in_process(url: str) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", UPGRADE, url)
    assert await process.wait() == 0


async def test_several_starts_at_once_make_one_schema(postgres_url: str) -> None:
    async with empty_database(postgres_url) as url:
        await asyncio.gather(*(upgrade_in_process(url) for _ in range(3)))
        assert is_current(url)


async def test_two_databases_of_one_cluster_share_the_roles(postgres_url: str) -> None:
    async with empty_database(postgres_url) as one, empty_database(postgres_url) as two:
        await asyncio.gather(upgrade_in_process(one), upgrade_in_process(two))
        for url in (one, two):
            assert is_current(url)


@pytest.mark.parametrize("revision", earlier_revisions())
async def test_an_upgrade_keeps_every_row(postgres_url: str, revision: str) -> None:
    async with empty_database(postgres_url) as url:
        upgrade(url, revision)
        address = admin_url(postgres_url, make_url(url).database or "")
        with psycopg.connect(address, autocommit=True) as admin:
            admin.execute("set search_path = public, jobs")
            planted = plant(admin, plant_tenant(admin))
            assert set(find_marks(admin, planted)) == set(planted.marks)
            upgrade(url)
            lost = set(planted.marks) - set(find_marks(admin, planted))
            assert sorted(planted.marks[mark] for mark in lost) == []
            assert find_orphans(admin) == []
        assert is_current(url)


async def test_the_queries_know_the_tables_as_they_are(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url:
        with create_engine(url, poolclass=NullPool).connect() as connection:
            options = {"compare_type": True, "include_name": lambda name, kind, _: kind != "index"}
            context = MigrationContext.configure(connection, opts=options)
            changes = compare_metadata(context, metadata)
            kinds = ("add_table", "remove_table", "add_column", "remove_column")
            loud = [change for change in changes if isinstance(change, list) or change[0] in kinds]
            assert [change for change in loud if "alembic_version" not in str(change)] == []
            found = inspect(connection).get_table_names()
            assert set(found) == {*metadata.tables, "alembic_version"}


async def test_the_roles_cannot_bypass_or_log_in(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url:
        with create_engine(url, poolclass=NullPool).connect() as connection:
            rows = connection.execute(
                text(
                    "select rolname, rolsuper, rolbypassrls, rolcanlogin from pg_roles "
                    "where rolname in ('callmissed_app', 'callmissed_system', current_user)"
                )
            ).all()
            assert len(rows) == 3
            assert not any(row.rolsuper or row.rolbypassrls for row in rows)
            assert [row.rolname for row in rows if row.rolcanlogin] == ["callmissed"]


async def test_a_login_role_without_rights_is_told_what_to_grant(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url:
        with create_engine(url, poolclass=NullPool).connect() as connection:
            connection.execute(text("drop role if exists powerless"))
            connection.execute(text("create role powerless login password 'x' nocreaterole"))
            connection.commit()
        stranger = url.replace("//callmissed:password@", "//powerless:x@")
        with pytest.raises(UnfitDatabaseError) as caught:
            upgrade(stranger)
        assert "GRANT callmissed_app TO" in caught.value.hint
