"""What children say while a test runs."""

import asyncio


class Lines:
    """What children said, in order, and a way to wait for the next that fits."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str]] = []
        self._queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def __call__(self, name: str, line: str) -> None:
        self.all.append((name, line))
        self._queue.put_nowait((name, line))

    async def next(self, start: str) -> str:
        async with asyncio.timeout(30):
            while True:
                _, line = await self._queue.get()
                if line.startswith(start):
                    return line
