"""Hashing passwords beside the event loop, a few at once, with an end to the queue."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from callmissed.domain.errors import Kind, Refusal
from callmissed.kit.passwords import hash_password, is_outdated, password_fits

AT_ONCE = 2
# With those that run: a second or two of waiting; who comes later is told so.
MAX_WAITING = 20
RETRY_AFTER_S = 2

Result = TypeVar("Result")


class Passwords:
    """Made once a process; each hash takes 64 MiB and 0.1 s of a core while it runs."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Raises Refusal UNAVAILABLE when too many wait."""
        return await self._run(lambda: hash_password(password))

    async def fits(self, password_hash: str | None, password: str) -> bool:
        """False, after the same work, where there is no hash.

        Raises Refusal UNAVAILABLE when too many wait.
        """
        return await self._run(lambda: self._check(password_hash, password))

    async def renew(self, password_hash: str, password: str) -> str | None:
        """A hash of today's parameters where the one given has others."""
        return await self.hash(password) if is_outdated(password_hash) else None

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def _check(password_hash: str | None, password: str) -> bool:
        if password_hash is not None:
            return password_fits(password_hash, password)
        hash_password(password)
        return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= MAX_WAITING:
            raise Refusal(
                Kind.UNAVAILABLE,
                "Too many people sign in at this moment.",
                "Try again in a few seconds.",
                retry_after_s=RETRY_AFTER_S,
            )
        self._waiting += 1
        running = asyncio.get_running_loop().run_in_executor(self._executor, work)
        running.add_done_callback(self._one_less)
        return await asyncio.shield(running)

    def _one_less(self, done: "asyncio.Future[Result]") -> None:
        """Also where the one who asked has gone: the thread works on."""
        self._waiting -= 1
        if not done.cancelled():
            done.exception()
