"""Brings a database to this version's schema: roles first, then the revisions in `versions`."""

import threading

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, create_engine, text

from callmissed.store.refusals import refuse_outages
from callmissed.store.roles import ensure_roles

LOCATION = "callmissed.store:migrations"
NEWEST = "head"
LOCK_KEY = 0x63616C6C_0003
CONNECT_TIMEOUT_S = 10
# Alembic's `op` and `context` are the process's own.
_one_at_a_time = threading.Lock()


def upgrade(url: str, revision: str = NEWEST) -> None:
    """Afterwards the schema is at least that of `revision`; several at once wait for each other.
    `url` is `postgresql+psycopg://…`.

    Raises UnfitDatabaseError, and Refusal UNAVAILABLE when the database cannot be reached.
    """
    engine = create_engine(
        url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}
    )
    with refuse_outages():
        engine.connect().close()
    with _one_at_a_time, engine.connect() as guard, guard.begin():
        guard.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        with engine.connect() as connection:
            ensure_roles(connection)
        with engine.connect() as connection:
            command.upgrade(_config(connection), revision)
            connection.commit()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", LOCATION)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
