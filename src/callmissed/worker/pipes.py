"""A call process's end of the two pipes to its parent.

The protocol has descriptors of its own: descriptor 0 becomes /dev/null and descriptor 1 the error
output, so that nothing a library prints, and no program it starts, can touch the messages.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

from callmissed.runtime.wire import (
    MAX_LINE_BYTES,
    ToChild,
    ToParent,
    decode_to_child,
    encode_to_parent,
)


class ParentPipes:
    """Opened once a process by `open_parent_pipes`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.WriteTransport) -> None:
        self._reader = reader
        self._writer = writer

    def say(self, message: ToParent) -> None:
        """Never waits: what the pipe does not take at once stays in memory, in order."""
        if not self._writer.is_closing():
            self._writer.write(encode_to_parent(message))

    async def messages(self) -> AsyncIterator[ToChild]:
        """Ends when the parent has closed its end or died."""
        while line := await self._reader.readline():
            yield decode_to_child(line)

    def close(self) -> None:
        """What was said is still written."""
        self._writer.close()


async def open_parent_pipes() -> ParentPipes:
    """Takes over the standard input and output of this process."""
    sys.stdout.flush()
    source, target = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(source, "rb", buffering=0)
    )
    writer, _ = await loop.connect_write_pipe(
        asyncio.BaseProtocol, os.fdopen(target, "wb", buffering=0)
    )
    return ParentPipes(reader, writer)
