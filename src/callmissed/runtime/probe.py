"""Does the installation answer? Asked over HTTP, as everybody else will ask."""

import asyncio
import math
import time
from typing import TYPE_CHECKING

from callmissed.runtime.faults import StartError
from callmissed.runtime.progress import Say
from callmissed.runtime.settings import Settings, reachable_host

if TYPE_CHECKING:
    import httpx2

LIVE_PATH = "/health/live"
READY_PATH = "/health/ready"
ANSWER_WAIT_S = 3.0
ASK_EVERY_S = 0.25


def local_address(settings: Settings) -> str:
    return f"http://{reachable_host(settings.host)}:{settings.port}"


async def wait_until_live(settings: Settings) -> None:
    """Returns when `/health/live` answers; waits for ever while it does not."""
    await _wait_for(local_address(settings) + LIVE_PATH, math.inf)


async def wait_until_serving(settings: Settings, within_s: float) -> None:
    """Returns when `/health/ready` answers 200: database and a worker are there.

    Raises StartError where it does not in time, with what it said last.
    """
    await _wait_for(local_address(settings) + READY_PATH, within_s)


async def _wait_for(where: str, within_s: float) -> None:
    deadline_s = time.monotonic() + within_s
    async with _client() as client:
        while True:
            said = await _ask(client, where)
            if said is None:
                return
            if time.monotonic() > deadline_s:
                late = f"is not ready after {within_s:.0f} s: {said}"
                raise StartError(where, late, "See the lines above.")
            await asyncio.sleep(ASK_EVERY_S)


async def answering_address(settings: Settings, say: Say) -> str:
    """The public address where it answers from here, else the local one, which just did."""
    local = local_address(settings)
    if settings.public_url == local:
        return local
    async with _client() as client:
        said = await _ask(client, settings.public_url + READY_PATH)
    if said is None:
        return settings.public_url
    say(f"{settings.public_url} (CALLMISSED_PUBLIC_URL) does not answer from here: {said}")
    return local


def _client() -> "httpx2.AsyncClient":
    import httpx2

    return httpx2.AsyncClient(timeout=ANSWER_WAIT_S, trust_env=False)


async def _ask(client: "httpx2.AsyncClient", address: str) -> str | None:
    """None where it answers 200, else what stands in the way."""
    import httpx2

    try:
        answer = await client.get(address)
    except httpx2.HTTPError as error:
        return type(error).__name__
    if answer.status_code == 200:
        return None
    return f"status {answer.status_code} {answer.text[:200]}"
