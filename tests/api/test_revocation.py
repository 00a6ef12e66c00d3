"""A key that is revoked is refused by every process, at once."""

import asyncio
import contextlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from tests.api.conftest import Installation
from tests.api.keys import PATH, make_key
from tests.api.test_any_request import served
from tests.conftest import LiveKit
from tests.stories import rows

PROCESSES = 3
# Of each process: seen before the revocation, and refused after it.
SEEN = 20
# The promise; what is measured is printed.
AT_ONCE_S = 1.0


class Loop:
    """Asks one process over and over with the key, and notes when each answer came."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = url, key
        self.succeeded: list[tuple[datetime, datetime]] = []
        self.refused = 0
        self.is_warm, self.is_done = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx2.AsyncClient(base_url=self.url, headers=headers) as client:
            while self.refused < SEEN:
                asked_at = datetime.now(UTC)
                status = (await client.get("/v1/me")).status_code
                assert status in (200, 401)
                if status == 200:
                    self.succeeded.append((asked_at, datetime.now(UTC)))
                else:
                    self.refused += 1
                if len(self.succeeded) >= SEEN:
                    self.is_warm.set()


@pytest.mark.timeout(300)
async def test_a_revoked_key_is_refused_by_three_processes(
    installation: Installation, livekit: LiveKit, api: httpx2.AsyncClient
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        urls = []
        for _ in range(PROCESSES):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url, _process = await stack.enter_async_context(served(installation, livekit, folder))
            urls.append(url)
        made = await make_key(api)
        loops = [Loop(url, made["key"]) for url in urls]
        async with asyncio.TaskGroup() as group:
            for loop in loops:
                group.create_task(loop.run())
            await asyncio.gather(*(loop.is_warm.wait() for loop in loops))
            signed = {"Authorization": f"Bearer {installation.key}"}
            async with httpx2.AsyncClient(base_url=urls[0], headers=signed) as admin:
                assert (await admin.delete(f"{PATH}/{made['id']}")).status_code == 204
            told_at = datetime.now(UTC)
    query = f"select revoked_at from api_keys where id = '{made['id']}'"
    ((revoked_at,),) = await rows(installation.house.database, query)
    # No request that was begun after the revocation was answered succeeded anywhere.
    assert all(asked_at < told_at for loop in loops for asked_at, _ in loop.succeeded)
    last = max(answered_at for loop in loops for _, answered_at in loop.succeeded)
    after_s = (last - revoked_at).total_seconds()
    print(f"last success {after_s * 1000:.0f} ms after the revocation")
    assert after_s <= AT_ONCE_S
