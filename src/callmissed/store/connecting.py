"""Connections to the server that are given up half open are closed, not left behind."""

import asyncio
from typing import Any

import psycopg

CONNECT_TIMEOUT_S = 5


async def connect(*args: Any, **options: Any) -> psycopg.AsyncConnection[Any]:
    """As `psycopg.AsyncConnection.connect`, with the same arguments and errors.

    A caller who is cancelled goes at once; the connection closes as soon as it stands, or after
    `CONNECT_TIMEOUT_S`. The server would hold a half-open one for its `authentication_timeout`, a
    minute, against its `max_connections`.
    """
    options = {"connect_timeout": CONNECT_TIMEOUT_S, **options}
    opening = asyncio.ensure_future(psycopg.AsyncConnection.connect(*args, **options))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise


def _close(opening: asyncio.Future[psycopg.AsyncConnection[Any]]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().pgconn.finish()
