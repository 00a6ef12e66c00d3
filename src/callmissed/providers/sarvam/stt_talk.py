"""One socket's share of a caller's sound: what is sent, what comes back, when it is over."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import numpy as np
from livekit import rtc
from livekit.agents import APIError, APIStatusError, APITimeoutError, stt, utils

from callmissed.providers.sarvam.stt_socket import Socket
from callmissed.providers.sarvam.stt_sound import FRAME_S, Samples, SoundCutter, SoundLog
from callmissed.providers.sarvam.stt_wire import Over, SpeechBegan, SpeechEnded, Words
from callmissed.providers.sarvam.stt_words import Dictation

BEGIN_TIMEOUT_S = 2.0
FINISH_TIMEOUT_S = 10.0
# Sarvam closes a socket that was idle for 60 s.
KEEP_ALIVE_S = 20.0


class Talk:
    """Runs until the input is over and its words have come.

    `count_ms` is called with the milliseconds of every piece of sound that was sent; `on_begin`
    once, when the server took the socket on: with its hello where the wire has one, else with its
    first message.
    """

    def __init__(
        self,
        socket: Socket,
        sound: SoundLog,
        dictation: Dictation,
        *,
        emit: Callable[[stt.SpeechEvent], None],
        count_ms: Callable[[int], None],
        on_begin: Callable[[], None],
        keep_alive_s: float = KEEP_ALIVE_S,
    ) -> None:
        self._socket = socket
        self._wire = socket.wire
        self._sound = sound
        self._dictation = dictation
        self._emit = emit
        self._count_ms = count_ms
        self._on_begin = on_begin
        self._keep_alive_s = keep_alive_s
        self._sent_samples = 0
        self._failure: APIError | None = None
        self._deadline: asyncio.Timeout | None = None

    async def run(self, heard: AsyncGenerator[rtc.AudioFrame | None, None]) -> None:
        """`heard` is the caller's sound, with None wherever our voice detector heard its end.

        Raises APIError: a told one, an end of the socket while the input goes on, a server that
        says nothing at all. The socket is closed afterwards, also when this is cancelled.
        """
        tasks = [
            asyncio.create_task(self._send_all(heard), name="send sound to Sarvam"),
            asyncio.create_task(self._keep_alive(), name="keep a socket to Sarvam alive"),
        ]
        try:
            await self._receive_all()
        finally:
            await utils.aio.cancel_and_wait(*tasks)
            await self._socket.aclose()

    async def _receive_all(self) -> None:
        hello_s = BEGIN_TIMEOUT_S if self._wire.says_hello else None
        has_begun = False
        try:
            async with asyncio.timeout(hello_s) as self._deadline:
                while True:
                    news = await self._socket.receive()
                    if not has_begun:
                        has_begun = True
                        self._on_begin()
                        self._allow_s(FINISH_TIMEOUT_S if self._socket.is_finishing else None)
                    if isinstance(news, Over) and self._socket.is_finishing:
                        return
                    if isinstance(news, SpeechBegan | SpeechEnded | Words):
                        for event in self._dictation.take(news):
                            self._emit(event)
        except EOFError:
            return
        except TimeoutError:
            if not self._socket.is_finishing:
                raise APITimeoutError("Sarvam opened a socket and said nothing") from None
        except APIError as error:
            if self._failure is not None and not isinstance(error, APIStatusError):
                raise self._failure from None
            raise

    def _allow_s(self, allowed_s: float | None) -> None:
        """From now on the server has that long to end; None: for ever."""
        assert self._deadline is not None
        now_s = asyncio.get_running_loop().time()
        self._deadline.reschedule(None if allowed_s is None else now_s + allowed_s)

    async def _send_all(self, heard: AsyncGenerator[rtc.AudioFrame | None, None]) -> None:
        """A failure ends the socket, so that whoever receives sees it."""
        cutter = SoundCutter(self._wire.rate_hz)
        try:
            async with aclosing(heard):
                async for item in heard:
                    if item is not None:
                        for piece in cutter.push(item):
                            await self._send_sound(piece)
                    else:
                        await self._send_sound(cutter.rest())
                        await self._flush()
            await self._send_sound(cutter.rest())
            self._socket.is_finishing = True
            self._allow_s(FINISH_TIMEOUT_S)
            await self._socket.send(self._wire.end)
        except APIError as error:
            self._failure = error
            await self._socket.end()

    async def _flush(self) -> None:
        for event in self._dictation.flush():
            self._emit(event)
        await self._socket.send(self._wire.flush)

    async def _send_sound(self, piece: Samples) -> None:
        if not len(piece):
            return
        self._sound.add(piece)
        await self._socket.send(self._wire.sound(piece))
        before_ms = self._sent_samples * 1000 // self._wire.rate_hz
        self._sent_samples += len(piece)
        self._count_ms(self._sent_samples * 1000 // self._wire.rate_hz - before_ms)

    async def _keep_alive(self) -> None:
        """A silent caller's socket is kept open: by a ping, or by a moment of silence."""
        while True:
            idle_s = time.monotonic() - self._socket.sent_s
            if idle_s < self._keep_alive_s:
                await asyncio.sleep(self._keep_alive_s - idle_s)
                continue
            try:
                if self._wire.ping is not None:
                    await self._socket.send(self._wire.ping)
                else:
                    silence = np.zeros(int(self._wire.rate_hz * FRAME_S), np.int16)
                    await self._send_sound(silence)
            except APIError:
                return
