"""The database of an installation: its pool, its two doors, and listening to what it announces."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from callmissed.store.connecting import connect
from callmissed.store.listening import listen_forever, plain_url
from callmissed.store.refusals import outage, refuse_outages
from callmissed.store.roles import APP_ROLE, SYSTEM_ROLE
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

STATEMENT_TIMEOUT_S = 2.0
LOCK_TIMEOUT_S = 1.0
OPEN_TIMEOUT_S = 1.0
IDLE_TRANSACTION_S = 10.0
POOL_SIZE = 10
POOL_OVERFLOW = 10

SESSION_OPTIONS = (
    f"-c statement_timeout={STATEMENT_TIMEOUT_S * 1000:.0f} "
    f"-c lock_timeout={LOCK_TIMEOUT_S * 1000:.0f} "
    f"-c idle_in_transaction_session_timeout={IDLE_TRANSACTION_S * 1000:.0f} "
    "-c search_path=public -c timezone=UTC"
)
READ_ONLY = " -c default_transaction_read_only=on"
KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}

# One round trip opens a transaction: the role, and the tenant it is narrowed to.
SET_DOOR = text("select set_config('role', :role, true), set_config('app.tenant', :tenant, true)")
# What only reads needs none: each statement stands alone, behind the door that was set last.
SET_DOOR_ALONE = text(
    "select set_config('role', :role, false), set_config('app.tenant', :tenant, false)"
)


class Database:
    """Made once a process. `url` is `postgresql+psycopg://…`; its login role is a member of both
    our roles. With `is_read_only` nothing can be written, and what is read in one block is of several
    instants: no round trip begins or ends a transaction.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = POOL_SIZE,
        overflow: int = POOL_OVERFLOW,
        is_read_only: bool = False,
    ) -> None:
        self._url = url
        self._set_door = SET_DOOR_ALONE if is_read_only else SET_DOOR
        self._engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=overflow,
            pool_timeout=OPEN_TIMEOUT_S,
            pool_pre_ping=False,
            # The connection that was used last has its statements prepared and its plans at hand.
            pool_use_lifo=is_read_only,
            **({"isolation_level": "AUTOCOMMIT"} if is_read_only else {}),
            async_creator=partial(
                connect,
                plain_url(url),
                options=SESSION_OPTIONS + (READ_ONLY if is_read_only else ""),
                application_name="callmissed",
                **KEEPALIVE,
            ),
        )

    @asynccontextmanager
    async def tenant(self, tenant_id: UUID) -> AsyncIterator[TenantDb]:
        """One transaction on the rows of one tenant: committed on a clean exit, else rolled back.

        Raises Refusal: UNAVAILABLE within about a second when the database does not answer,
        INVALID_VALUE for text that PostgreSQL cannot hold (NUL, lone surrogates).
        """
        async with self._transaction(APP_ROLE, str(tenant_id)) as connection:
            yield TenantDb(connection, tenant_id)

    @asynccontextmanager
    async def system(self) -> AsyncIterator[SystemDb]:
        """One transaction across tenants; else as `tenant`."""
        async with self._transaction(SYSTEM_ROLE, "") as connection:
            yield SystemDb(connection)

    @property
    def address(self) -> str:
        """`postgresql://…`, as libpq reads it; it holds the password."""
        return plain_url(self._url)

    async def dispose(self) -> None:
        await self._engine.dispose()

    def listen(self, *channels: str) -> AsyncIterator[tuple[str, str]]:
        """Yields (channel, payload) of each NOTIFY, on a connection of its own that is made again
        when it breaks.

        What is announced while it is broken is lost: poll beside it.
        """
        return listen_forever(self._url, channels)

    @asynccontextmanager
    async def _transaction(self, role: str, tenant: str) -> AsyncIterator[AsyncConnection]:
        with refuse_outages():
            connection = await self._open(role, tenant)
            try:
                yield connection
                await connection.commit()
            finally:
                await asyncio.shield(asyncio.ensure_future(connection.close()))

    async def _open(self, role: str, tenant: str) -> AsyncConnection:
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                try:
                    return await self._open_once(role, tenant)
                except DBAPIError as error:
                    # A pooled connection that the server has closed: that made the pool forget all
                    # of its age.
                    if not error.connection_invalidated:
                        raise
                    return await self._open_once(role, tenant)
        except TimeoutError as error:
            raise outage() from error

    async def _open_once(self, role: str, tenant: str) -> AsyncConnection:
        connection = await self._engine.connect().start()
        try:
            await connection.execute(self._set_door, {"role": role, "tenant": tenant})
        except BaseException:
            await asyncio.shield(asyncio.ensure_future(connection.close()))
            raise
        return connection
