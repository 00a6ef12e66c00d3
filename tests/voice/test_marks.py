"""Marks at the end of what the model has said so far."""

from collections.abc import AsyncIterator

import pytest
from livekit.agents.voice.transcription.filters import filter_markdown

from callmissed.voice.marks import part_marks


async def stream(*deltas: str) -> AsyncIterator[str]:
    for delta in deltas:
        yield delta


async def parted(*deltas: str) -> list[str]:
    return [piece async for piece in part_marks(stream(*deltas))]


async def test_a_clause_passes_the_filter_before_the_word_behind_it() -> None:
    seen: list[str] = []
    passed: list[str] = []

    async def told() -> AsyncIterator[str]:
        for delta in ("Sure,", " I", " can"):
            seen.append(delta)
            yield delta

    async for piece in filter_markdown(part_marks(told())):
        passed.append(piece)
        if len(passed) == 1:
            assert seen == ["Sure,"]
    assert passed[0] == "Sure,"
    assert "".join(passed) == "Sure, I can"


@pytest.mark.parametrize(
    "deltas",
    [
        ("Sure,", " I", " can", " help."),
        ("It costs 1,", "000 rupees."),
        ("See e.", "g.", " this."),
        ("", " ", "Yes!", " ", "Go", "."),
        ("हाँ।", " मैं", " यहाँ हूँ।", " ठीक"),
        ("**Well,**", " then"),
    ],
)
async def test_nothing_is_lost_or_added(deltas: tuple[str, ...]) -> None:
    whole = "".join(deltas)
    assert "".join(await parted(*deltas)).rstrip() == whole.rstrip()


async def test_words_without_a_space_get_one() -> None:
    assert "".join(await parted("Well,", "then")) == "Well, then"


async def test_a_line_ends_where_it_did() -> None:
    assert "".join(await parted("One,", "\n- two")) == "One, \n- two"
