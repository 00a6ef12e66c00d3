"""Runs the API in this process until it is told to stop."""

import asyncio
from types import FrameType

import uvicorn
import uvloop

from callmissed.api.app import create_app
from callmissed.api.connections import BoundedProtocol
from callmissed.api.request_metrics import RequestMetrics
from callmissed.runtime.house import open_house
from callmissed.runtime.metrics import Board, serve_metrics
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


class _Server(uvicorn.Server):
    """Stops at a signal without dying of it, so that the house is closed behind it."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True


async def serve_until_stopped(settings: Settings) -> None:
    board = Board("api")
    requests = RequestMetrics(board)
    port = settings.metrics_port_of("api")
    async with (
        open_house(settings) as house,
        serve_metrics(board, settings.metrics_host, port),
    ):
        config = uvicorn.Config(
            create_app(house, requests.note),
            host=settings.host,
            port=settings.port,
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACEFUL_STOP_S,
        )
        await _Server(config).serve()
