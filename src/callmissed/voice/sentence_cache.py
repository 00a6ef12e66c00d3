"""Sentences that were spoken before: kept as sound, so that saying them again costs nothing."""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from dataclasses import dataclass, field
from uuid import UUID

LARGEST_SHARE = 16
"""A sentence that would take more than this part of the cache is not kept."""
MIN_PRIVATE_DIGITS = 4
MIN_PRIVATE_LETTERS = 2

_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s.,/()–—-]+(?=\d)")
_LONG_NUMBER = re.compile(rf"\d{{{MIN_PRIVATE_DIGITS},}}")
_ADDRESS = re.compile(r"\S@\S")


def is_personal(text: str, private_words: Collection[str]) -> bool:
    """True where a sentence may say something about one person.

    That is: four or more digits in a row in any script, separators between them not counted
    (telephone numbers, dates of birth, amounts, ids); an e-mail address; any of `private_words`,
    which are what this call was given about its caller. The text is as it was written, before
    numbers become words.
    """
    if _ADDRESS.search(text) or _LONG_NUMBER.search(_BETWEEN_DIGITS.sub("", text)):
        return True
    folded = text.casefold()
    return any(
        len(word.strip()) >= MIN_PRIVATE_LETTERS and word.strip().casefold() in folded
        for word in private_words
    )


@dataclass(frozen=True, slots=True)
class Spoken:
    """What must be equal for one sound to stand for another."""

    tenant_id: UUID
    model_id: str
    voice: str
    language: str
    rate_hz: int
    text: str

    def digest(self) -> bytes:
        parts = (self.tenant_id.hex, self.model_id, self.voice, self.language, str(self.rate_hz))
        return hashlib.blake2b("\x00".join((*parts, self.text)).encode(), digest_size=20).digest()


class RecordingLostError(Exception):
    """Whoever made the sentence stopped in the middle; others may make it themselves."""


@dataclass(slots=True)
class _Recording:
    """A sentence while it is first made, with everybody else who wants it listening."""

    chunks: list[bytes] = field(default_factory=list)
    is_whole: bool = False
    is_over: bool = False
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def push(self, chunk: bytes) -> None:
        self.chunks.append(chunk)
        self._wake()

    def end(self, *, is_whole: bool) -> None:
        self.is_whole = is_whole
        self.is_over = True
        self._wake()

    async def follow(self) -> AsyncGenerator[bytes, None]:
        given = 0
        while True:
            while given < len(self.chunks):
                given += 1
                yield self.chunks[given - 1]
            if self.is_over:
                break
            await self.more.wait()
        if not self.is_whole:
            raise RecordingLostError

    def _wake(self) -> None:
        self.more.set()
        self.more = asyncio.Event()


class SentenceCache:
    """One for a process: mono PCM16 of whole sentences, the least recently said going first.

    Holds at most `max_bytes` of sound and no text: sentences are known by a digest. A sentence that
    several calls want at once is made once.
    """

    def __init__(self, max_bytes: int = 64 << 20) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._recordings: dict[bytes, _Recording] = {}
        self.size_bytes = 0

    def holds(self, spoken: Spoken) -> bool:
        """True where the sentence is there, or another call is just having it made."""
        key = spoken.digest()
        return key in self._kept or key in self._recordings

    async def sound(
        self, spoken: Spoken, make: Callable[[], AsyncGenerator[bytes, None]]
    ) -> AsyncGenerator[bytes, None]:
        """The sentence's sound as it comes: kept, made by another call, or by `make`.

        Raises what `make` raises; RecordingLostError where the other call broke off.
        """
        key = spoken.digest()
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            yield kept
        elif (recording := self._recordings.get(key)) is not None:
            async with aclosing(recording.follow()) as chunks:
                async for chunk in chunks:
                    yield chunk
        else:
            async with aclosing(self._record(key, make)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def _record(
        self, key: bytes, make: Callable[[], AsyncGenerator[bytes, None]]
    ) -> AsyncGenerator[bytes, None]:
        recording = self._recordings[key] = _Recording()
        is_whole = False
        try:
            async with aclosing(make()) as chunks:
                async for chunk in chunks:
                    recording.push(chunk)
                    yield chunk
            is_whole = True
            self._keep(key, b"".join(recording.chunks))
        finally:
            del self._recordings[key]
            recording.end(is_whole=is_whole)

    def _keep(self, key: bytes, pcm: bytes) -> None:
        if not pcm or len(pcm) > self._max_bytes // LARGEST_SHARE:
            return
        self._kept[key] = pcm
        self.size_bytes += len(pcm)
        while self.size_bytes > self._max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self.size_bytes -= len(oldest)
