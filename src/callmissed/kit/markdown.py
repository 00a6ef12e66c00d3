"""Markdown (CommonMark with tables) cut into passages small enough to be found and spoken."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_PASSAGE_CHARS = 600
HEADING_JOINT = " › "

_SENTENCE_END = re.compile(r"(?<=[.!?।॥])\s+")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """`heading` is the path of headings above it; rows and list items stand on lines of their own
    in `text`.
    """

    heading: str
    text: str


@dataclass(slots=True)
class _Section:
    heading: str
    lines: list[str] = field(default_factory=list)


def split_passages(markdown: str, max_chars: int = MAX_PASSAGE_CHARS) -> list[Piece]:
    """In the order of the text; none crosses a heading, each ends at a sentence, row or item where
    that is possible.

    HTML is left out; a heading without text below it makes no passage.
    """
    return [
        Piece(section.heading, text)
        for section in _sections(MarkdownIt("commonmark").enable("table").parse(markdown))
        for text in pack_lines(section.lines, max_chars)
    ]


def _sections(tokens: Sequence[Token]) -> Iterator[_Section]:
    path: list[tuple[int, str]] = []
    section = _Section("")
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.type == "heading_open":
            yield section
            level = int(token.tag[1:])
            path = [item for item in path if item[0] < level]
            path.append((level, _words(tokens[position + 1])))
            section = _Section(HEADING_JOINT.join(words for _, words in path if words))
            position += 2
        elif token.type == "table_open":
            end = _closing(tokens, position, "table_close")
            section.lines.extend(_rows(tokens[position:end]))
            position = end
        elif token.type == "inline":
            section.lines.append(_words(token))
        elif token.type in ("fence", "code_block"):
            section.lines.extend(line for line in token.content.splitlines() if line.strip())
        position += 1
    yield section


def _closing(tokens: Sequence[Token], start: int, kind: str) -> int:
    return next(index for index in range(start, len(tokens)) if tokens[index].type == kind)


def _rows(tokens: Sequence[Token]) -> Iterator[str]:
    """`first cell: second cell.`; from three columns on, each further cell with the name of its
    column.
    """
    names: list[str] = []
    cells: list[str] = []
    in_head = False
    for token in tokens:
        if token.type in ("thead_open", "thead_close"):
            in_head = token.type == "thead_open"
        elif token.type == "inline":
            cells.append(_words(token))
        elif token.type == "tr_close":
            if in_head:
                names = cells
            elif any(cells):
                yield say_row(names, cells)
            cells = []


def say_row(names: Sequence[str], cells: Sequence[str]) -> str:
    """A row of a table as one line; with three columns or more each cell behind its column's name."""
    first, rest = cells[0], [cell for cell in cells[1:] if cell]
    if len(names) > 2:
        named = zip(names[1:], cells[1:], strict=False)
        rest = [f"{name} {cell}".strip() for name, cell in named if cell]
    line = ": ".join(part for part in (first, "; ".join(rest)) if part)
    return line if _ends_sentence(line) else f"{line}."


def _ends_sentence(line: str) -> bool:
    return line.endswith((".", "!", "?", "।", "॥"))


def _words(token: Token) -> str:
    """The text of an inline token without its marks."""
    parts: list[str] = []
    for child in token.children or []:
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif child.type == "image":
            parts.append(_words(child))
    return _SPACES.sub(" ", "".join(parts)).strip()


def pack_lines(lines: Sequence[str], max_chars: int) -> Iterator[str]:
    """Texts of at most `max_chars`; a line is parted only between sentences where that is possible."""
    text = ""
    for line in lines:
        for number, sentence in enumerate(_sentences(line, max_chars)):
            joint = "" if not text else " " if number else "\n"
            if text and len(text) + len(joint) + len(sentence) > max_chars:
                yield text
                text, joint = "", ""
            text += joint + sentence
    if text:
        yield text


def _sentences(line: str, max_chars: int) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(line):
        while len(sentence) > max_chars:
            cut = sentence.rfind(" ", 1, max_chars)
            cut = cut if cut > 0 else max_chars
            yield sentence[:cut]
            sentence = sentence[cut:].lstrip()
        if sentence:
            yield sentence
