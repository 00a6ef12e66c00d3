"""A connection that only listens, and comes back when it breaks."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

CONNECT_TIMEOUT_S = 2.0
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0
KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}


def plain_url(url: str) -> str:
    """`postgresql+psycopg://…` as libpq reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


async def listen_forever(url: str, channels: Sequence[str]) -> AsyncIterator[tuple[str, str]]:
    wait_s = FIRST_WAIT_S
    while True:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                connection = await _subscribe(url, channels)
            async with connection:
                wait_s = FIRST_WAIT_S
                async for notice in connection.notifies():
                    yield notice.channel, notice.payload
        except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError):
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)


async def _subscribe(url: str, channels: Sequence[str]) -> psycopg.AsyncConnection:
    address = make_conninfo(plain_url(url), application_name="callmissed-listen", **KEEPALIVE)
    connection = await psycopg.AsyncConnection.connect(address, autocommit=True)
    try:
        for channel in channels:
            await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
    except BaseException:
        await connection.close()
        raise
    return connection
