"""What is kept of what was said: whole sentences, within a bound, of nobody's person."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from uuid import uuid4

import pytest

from callmissed.voice.sentence_cache import SentenceCache, Spoken, is_personal

SPOKEN = Spoken(uuid4(), "model", "voice", "en-IN", 16_000, "Hello there.")
SENTENCE = b"\x01\x02" * 50


async def made(*chunks: bytes) -> AsyncGenerator[bytes, None]:
    for chunk in chunks:
        yield chunk


async def never_made() -> AsyncGenerator[bytes, None]:
    raise AssertionError("It was there.")
    yield b""


async def say(cache: SentenceCache, spoken: Spoken, *chunks: bytes) -> bytes:
    make = (lambda: made(*chunks)) if chunks else never_made
    return b"".join([chunk async for chunk in cache.sound(spoken, make)])


async def test_a_sentence_is_made_once() -> None:
    cache = SentenceCache()
    assert await say(cache, SPOKEN, SENTENCE, SENTENCE) == SENTENCE * 2
    assert await say(cache, SPOKEN) == SENTENCE * 2


@pytest.mark.parametrize(
    "changes",
    [
        {"tenant_id": uuid4()},
        {"model_id": "other"},
        {"voice": "other"},
        {"language": "hi-IN"},
        {"rate_hz": 24_000},
        {"text": "Hello there!"},
    ],
)
async def test_nothing_else_passes_for_the_same_sentence(changes: dict[str, object]) -> None:
    cache = SentenceCache()
    await say(cache, SPOKEN, SENTENCE)
    other = replace(SPOKEN, **changes)  # type: ignore[arg-type]
    assert await say(cache, other, b"other") == b"other"


async def test_a_sentence_that_was_not_finished_is_not_kept() -> None:
    cache = SentenceCache()
    half = cache.sound(SPOKEN, lambda: made(SENTENCE, SENTENCE))
    await anext(half)
    await half.aclose()
    assert cache.size_bytes == 0
    assert await say(cache, SPOKEN, b"again") == b"again"


async def test_the_least_recently_said_goes_first() -> None:
    cache = SentenceCache(max_bytes=len(SENTENCE) * 16)
    for number in range(16):
        await say(cache, replace(SPOKEN, text=str(number)), SENTENCE)
    await say(cache, replace(SPOKEN, text="0"))
    await say(cache, replace(SPOKEN, text="16"), SENTENCE)
    assert cache.size_bytes == len(SENTENCE) * 16
    assert await say(cache, replace(SPOKEN, text="0")) == SENTENCE
    assert await say(cache, replace(SPOKEN, text="1"), b"made anew") == b"made anew"


async def test_what_is_too_large_is_not_kept() -> None:
    cache = SentenceCache(max_bytes=len(SENTENCE) * 15)
    await say(cache, SPOKEN, SENTENCE)
    assert cache.size_bytes == 0


@pytest.mark.parametrize(
    ("text", "is_private"),
    [
        ("We are open from 9 to 5.", False),
        ("Room 101 is on floor 2.", False),
        ("Your number is 9876.", True),
        ("Call 98-76.", True),
        ("आपका नंबर ९८७६५ है।", True),
        ("Write to a.b@example.com please.", True),
        ("Thank you, Priya.", True),
        ("thank you priya", True),
        ("Thank you.", False),
    ],
)
def test_what_may_be_about_one_person_is_told_apart(text: str, is_private: bool) -> None:
    assert is_personal(text, ("Priya", "", "x")) is is_private
