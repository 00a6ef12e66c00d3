"""One utterance on its way through a decoder: kept whole, so that another decoder can take over."""

import asyncio
import logging
from collections.abc import Callable

from callmissed.providers.local.decoders import Decoder, DecoderLostError, DecoderPool, Heard

MAX_DECODERS_LOST = 3

_log = logging.getLogger(__name__)


class Utterance:
    """Decoded while it is spoken. Sound may come before a decoder is free; nothing here waits but
    `finished`.

    `pause` asks the decoder for its last word, as if the speaker had ended; `resume` takes that
    back, and the decoder starts again at the first sound, which it reads several times faster than
    it was spoken.
    """

    def __init__(
        self, pool: DecoderPool, means: str, sound: bytes, on_partial: Callable[[str], None]
    ) -> None:
        self._pool = pool
        self._means = means
        self._sound = bytearray(sound)
        self._on_partial = on_partial
        self._attempt = 0
        self._is_paused = False
        self._is_ended = False
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._decode(), name="utterance")

    @property
    def spoken_s(self) -> float:
        return len(self._sound) / 32_000

    def hear(self, sound: bytes) -> None:
        self._sound += sound
        self._changed.set()

    def pause(self) -> None:
        self._is_paused = True
        self._changed.set()

    def resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self._attempt += 1
            self._changed.set()

    async def finished(self) -> Heard:
        """The words of all sound so far; nothing more can be said. Raises DecoderLostError when
        three decoders failed.
        """
        self._is_paused = self._is_ended = True
        self._changed.set()
        return await self._task

    async def discard(self) -> None:
        """Whatever is still being decoded is of no use."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _decode(self) -> Heard:
        lost = 0
        while True:
            decoder = await self._pool.lend()
            is_broken = False
            try:
                return await self._decode_on(decoder)
            except DecoderLostError as error:
                is_broken = True
                lost += 1
                _log.warning("a speech decoder was lost: %s", error)
                if lost >= MAX_DECODERS_LOST:
                    raise
            finally:
                self._pool.take_back(decoder, broken=is_broken)

    async def _decode_on(self, decoder: Decoder) -> Heard:
        """Tells the decoder everything from the first sound, again after each resumed pause,
        until it is over.
        """
        while True:
            attempt = self._attempt
            heard = await self._decode_once(decoder, attempt)
            while attempt == self._attempt:
                if self._is_ended and heard is not None:
                    return heard
                self._changed.clear()
                await self._changed.wait()

    async def _decode_once(self, decoder: Decoder, attempt: int) -> Heard | None:
        decoder.start(self._means, self._on_partial)
        told = 0
        while attempt == self._attempt:
            if told < len(self._sound):
                piece = bytes(self._sound[told:])
                decoder.hear(piece)
                told += len(piece)
            elif self._is_paused:
                return await decoder.finish()
            else:
                self._changed.clear()
                await self._changed.wait()
        return None
