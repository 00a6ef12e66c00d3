"""Passages follow headings, stay whole at sentences and rows, and lose no words."""

from hypothesis import given, settings
from hypothesis import strategies as st

from callmissed.kit.markdown import MAX_PASSAGE_CHARS, Piece, split_passages

PAGE = """\
Before any heading.

# Clinic

## Prices & fees

| Service | Price |
|---|---|
| X-ray | 800 rupees |
| *Blood* test | |

| Doctor | Field | Days |
|---|---|---|
| Dr. Rao | skin | Monday |

### Empty

## Hours

We open at **eight**.
We close at [seven](https://example.org).

- Ring the bell
- Use the `side` door

> Closed on Sunday.

```
code stays
```

<div>not this</div>

# Other
Last words
"""


def test_a_page_is_split_at_its_headings() -> None:
    assert split_passages(PAGE) == [
        Piece("", "Before any heading."),
        Piece(
            "Clinic › Prices & fees",
            "X-ray: 800 rupees.\nBlood test.\nDr. Rao: Field skin; Days Monday.",
        ),
        Piece(
            "Clinic › Hours",
            "We open at eight. We close at seven.\nRing the bell\nUse the side door\n"
            "Closed on Sunday.\ncode stays",
        ),
        Piece("Other", "Last words"),
    ]


def test_a_long_text_is_cut_at_sentences_and_rows() -> None:
    sentences = [f"This is sentence number {number}, of some length." for number in range(60)]
    table = "\n".join(["| a | b |", "|---|---|", *(f"| row {n} | {'x' * 90} |" for n in range(20))])
    pieces = split_passages(f"# T\n\n{' '.join(sentences)}\n\n{table}")
    assert len(pieces) > 6
    for piece in pieces:
        assert len(piece.text) <= MAX_PASSAGE_CHARS
        assert piece.text.endswith(".")
        assert piece.text.startswith(("This is", "row "))


def test_one_endless_sentence_is_cut_between_words() -> None:
    pieces = split_passages("word " * 500)
    assert all(len(piece.text) <= MAX_PASSAGE_CHARS for piece in pieces)
    assert " ".join(piece.text for piece in pieces).split() == ["word"] * 500


def test_hindi_ends_its_sentences_with_a_danda() -> None:
    text = "हम आठ बजे खुलते हैं। " * 60
    assert all(piece.text.endswith("।") for piece in split_passages(text))


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=2000))
def test_any_text_makes_short_passages(text: str) -> None:
    for piece in split_passages(text):
        assert 0 < len(piece.text) <= MAX_PASSAGE_CHARS


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("abc .?!", min_size=1, max_size=300), max_size=20))
def test_no_word_is_lost(paragraphs: list[str]) -> None:
    text = "\n\n".join(paragraphs)
    assert " ".join(piece.text for piece in split_passages(text)).split() == text.split()
