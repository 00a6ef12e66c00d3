"""Pieces of a document: what a reader makes, with the words that it is found by."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from callmissed.kit.lexical import Entry, stems_of, weigh_words
from callmissed.kit.markdown import HEADING_JOINT, MAX_PASSAGE_CHARS, pack_lines

MAX_RECORD_CHARS = 4000


@dataclass(frozen=True, slots=True)
class Piece:
    """`heading` is the path of headings above `text`; `page` and `row` count from 1. A row of a table
    has its cells by the names of their columns in `record`.
    """

    heading: str
    text: str
    page: int | None = None
    row: int | None = None
    record: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """The stems that a piece is found by, True for those of its heading, and how many words it has."""

    terms: dict[str, bool]
    count: int


def words_of_piece(piece: Piece) -> Words:
    is_record = piece.record is not None
    counts = weigh_words(Entry("", piece.text, is_record))
    terms = dict.fromkeys(counts, False) | dict.fromkeys(stems_of(piece.heading), True)
    return Words({word: where for word, where in terms.items() if "\x00" not in word}, len(counts))


def piece_of_record(
    heading: str, record: Mapping[str, str], row: int, page: int | None = None
) -> Piece | None:
    """One row, said as `first cell: column cell; column cell.`; None for a row without cells."""
    cells = {name: value for name, value in record.items() if value}
    if not cells:
        return None
    names = list(cells)
    first, rest = cells[names[0]], names[1:]
    said = "; ".join(f"{name} {cells[name]}".strip() for name in rest)
    text = f"{first}: {said}" if said else f"{names[0]}: {first}"
    text = text if text.endswith((".", "!", "?", "।", "॥")) else f"{text}."
    return Piece(heading, text[:MAX_RECORD_CHARS], page, row, cells)


def pieces_of_lines(
    heading: Iterable[str], lines: Iterable[str], page: int | None = None
) -> Iterator[Piece]:
    """Lines under one path of headings, packed into pieces that end at a sentence or a line."""
    path = HEADING_JOINT.join(words for words in heading if words)
    for text in pack_lines(list(lines), MAX_PASSAGE_CHARS):
        yield Piece(path, text, page)
