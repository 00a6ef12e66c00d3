"""A pool of decoder processes: one is lent for an utterance and comes back at its end."""

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from callmissed.providers.local.decoding import AUDIO, END, FINAL, HEADER, PARTIAL, READY, START

START_TIMEOUT_S = 30.0
STALLED_S = 4.0
MAX_UNREAD_BYTES = 20 * 32_000
RESTART_PAUSE_S = 1.0

_log = logging.getLogger(__name__)


class DecoderLostError(Exception):
    """The process died, does not read, or does not answer; what it was told must be told to
    another.
    """


@dataclass(frozen=True, slots=True)
class Heard:
    """What an utterance may have been: readings, the likeliest first, with how much less likely
    than that each is (a logarithm, 0 or below); none where nothing was said.

    `means` is the speaker's acoustic state, for the next utterance of the same speaker.
    """

    readings: tuple[tuple[str, float], ...]
    means: str


class Decoder:
    """The near end of one decoder process; its methods never wait for the process except
    `finish`.
    """

    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("a decoder is spoken to over pipes")
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number = 0
        self._news = 0
        self._final: asyncio.Future[Heard] | None = None
        self._on_partial: Callable[[str], None] | None = None
        self.reading = asyncio.create_task(self._read(), name="decoder-answers")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return not self.reading.done()

    async def wait_ready(self) -> None:
        """Raises DecoderLostError when the process cannot start."""
        try:
            await asyncio.wait_for(asyncio.shield(self._ready), START_TIMEOUT_S)
        except TimeoutError as error:
            raise DecoderLostError("the decoder did not become ready") from error

    def start(self, means: str, on_partial: Callable[[str], None]) -> None:
        """Begins an utterance and forgets the one before.

        `on_partial` is called with the words so far, at most five times a second of audio.
        """
        self._number += 1
        self._final = None
        self._on_partial = on_partial
        self._tell(START, json.dumps({"number": self._number, "means": means}).encode())

    def hear(self, pcm: bytes) -> None:
        """16 kHz mono PCM16."""
        self._tell(AUDIO, pcm)

    async def finish(self) -> Heard:
        """Ends the utterance. Raises DecoderLostError when the process makes no progress any more.

        A slow machine is no reason: a decoder that goes on is waited for.
        """
        self._final = asyncio.get_running_loop().create_future()
        self._tell(END, b"")
        try:
            return await self._wait_while_going_on(self._final)
        finally:
            self._on_partial = None

    async def _wait_while_going_on(self, final: asyncio.Future[Heard]) -> Heard:
        while True:
            news = self._news
            try:
                return await asyncio.wait_for(asyncio.shield(final), STALLED_S)
            except TimeoutError as error:
                if news == self._news:
                    raise DecoderLostError("the decoder stands still") from error

    async def aclose(self) -> None:
        """The process is gone afterwards."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self.reading
        self._stdin.close()

    def _tell(self, kind: bytes, body: bytes) -> None:
        if not self.is_alive or self._stdin.is_closing():
            raise DecoderLostError("the decoder is gone")
        if self._stdin.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            raise DecoderLostError("the decoder does not read")
        self._stdin.write(HEADER.pack(kind, len(body)) + body)

    async def _read(self) -> None:
        try:
            while True:
                kind, length = HEADER.unpack(await self._stdout.readexactly(HEADER.size))
                self._take(kind, await self._stdout.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            self._fail_waiters()

    def _take(self, kind: bytes, body: bytes) -> None:
        self._news += 1
        if kind == READY and not self._ready.done():
            self._ready.set_result(None)
            return
        answer = json.loads(body) if body else {}
        if answer.get("number") != self._number:
            return
        if kind == PARTIAL and self._on_partial is not None:
            self._on_partial(answer["text"])
        elif kind == FINAL and self._final is not None and not self._final.done():
            readings = tuple((str(text), float(less)) for text, less in answer["heard"])
            self._final.set_result(Heard(readings, answer["means"]))

    def _fail_waiters(self) -> None:
        for waiter in (self._ready, self._final):
            if waiter is not None and not waiter.done():
                waiter.set_exception(DecoderLostError("the decoder ended"))
                waiter.exception()


class DecoderPool:
    """Keeps `ready` decoders warm, grows to `limit` when more people speak at once, replaces the
    dead.

    Beyond `limit` an utterance waits for the next free decoder; its audio is kept by who waits.
    """

    def __init__(self, *, ready: int, limit: int) -> None:
        if not 1 <= ready <= limit:
            raise ValueError("need 1 <= ready <= limit")
        self._ready = ready
        self._limit = limit
        self._idle: deque[Decoder] = deque()
        self._members: set[Decoder] = set()
        self._starting = 0
        self._waiting: deque[asyncio.Future[Decoder]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def members(self) -> tuple[Decoder, ...]:
        """The decoders alive, idle or lent."""
        return tuple(self._members)

    @property
    def size(self) -> int:
        return len(self._members)

    async def open(self) -> None:
        """Returns when all ready decoders answer. Raises DecoderLostError when one cannot start."""
        for decoder in await asyncio.gather(*(_start_decoder() for _ in range(self._ready))):
            self._add(decoder)

    async def aclose(self) -> None:
        self._is_closed = True
        for waiter in self._waiting:
            waiter.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(decoder.aclose() for decoder in self._members))
        self._members.clear()
        self._idle.clear()

    async def lend(self) -> Decoder:
        """The longest idle decoder, else the next that becomes free or is started."""
        while self._idle:
            decoder = self._idle.popleft()
            if decoder.is_alive:
                if not self._idle:
                    self._grow(self._limit)
                return decoder
        self._grow(self._limit)
        waiter: asyncio.Future[Decoder] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.take_back(waiter.result())
            raise

    def take_back(self, decoder: Decoder, *, broken: bool = False) -> None:
        """Also in the middle of an utterance. A broken decoder is ended and another started in
        its place.
        """
        if self._is_closed:
            return
        if broken or not decoder.is_alive:
            self._keep(self._replace(decoder))
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(decoder)
                return
        self._idle.append(decoder)

    def _grow(self, wanted: int) -> None:
        if len(self._members) + self._starting < wanted and not self._is_closed:
            self._starting += 1
            self._keep(self._add_or_log())

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replace(self, decoder: Decoder) -> None:
        self._members.discard(decoder)
        await decoder.aclose()
        self._grow(self._limit if self._waiting else self._ready)

    async def _add_or_log(self) -> None:
        try:
            while True:
                try:
                    return self._add(await _start_decoder())
                except (DecoderLostError, OSError) as error:
                    _log.error("a speech decoder could not be started: %s", error)
                if not self._waiting:
                    return None
                await asyncio.sleep(RESTART_PAUSE_S)
        finally:
            self._starting -= 1

    def _add(self, decoder: Decoder) -> None:
        self._members.add(decoder)
        decoder.reading.add_done_callback(lambda _: self._notice_death(decoder))
        self.take_back(decoder)

    def _notice_death(self, decoder: Decoder) -> None:
        if decoder in self._idle:
            self._idle.remove(decoder)
            self.take_back(decoder, broken=True)


async def _start_decoder() -> Decoder:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "callmissed.providers.local.decoding",
        str(os.getpid()),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
    )
    decoder = Decoder(process)
    try:
        await decoder.wait_ready()
    except BaseException:
        await decoder.aclose()
        raise
    return decoder
