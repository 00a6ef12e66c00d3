"""Runs the API in this process until it is told to stop."""

import asyncio

import uvicorn
import uvloop

from callmissed.api.app import create_app
from callmissed.runtime.house import open_house
from callmissed.runtime.settings import Settings

# Answers take milliseconds; what is longer than this has nobody waiting any more.
GRACEFUL_STOP_S = 10
KEEP_ALIVE_S = 65


def serve(settings: Settings) -> None:
    """Blocks. SIGINT and SIGTERM let running requests finish, then it returns.

    Raises SystemExit where the port cannot be had.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_until_stopped(settings))


async def serve_until_stopped(settings: Settings) -> None:
    async with open_house(settings) as house:
        config = uvicorn.Config(
            create_app(house),
            host=settings.host,
            port=settings.port,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACEFUL_STOP_S,
        )
        await uvicorn.Server(config).serve()
