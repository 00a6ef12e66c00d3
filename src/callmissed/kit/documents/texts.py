"""Plain text, Markdown, HTML and DOCX."""

import io
import re
from collections.abc import Iterator

import mammoth
from selectolax.lexbor import LexborHTMLParser, LexborNode

from callmissed.kit.documents.kinds import UnreadableError, check_package, decode_text
from callmissed.kit.documents.pieces import Piece, pieces_of_lines
from callmissed.kit.markdown import say_row, split_passages

MAX_DEPTH = 200
MAX_NESTED = 3000

_SPACES = re.compile(r"\s+")
_BLANK = re.compile(r"\n\s*\n")
_NESTING = re.compile(
    r"<(/?)(?:div|span|section|article|table|blockquote|font|b|i|em|ul|ol|main|form)\b", re.I
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LEFT_OUT = ("script", "style", "nav", "noscript", "template", "svg", "iframe", "head")
_BLOCK_NAMES = """p div section article main header footer aside ul ol li dl dt dd blockquote pre
    figure figcaption form fieldset address body table details summary hr br"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())


def read_text(data: bytes) -> Iterator[Piece]:
    """Paragraphs are parted by empty lines; the lines of one belong together."""
    paragraphs = (_SPACES.sub(" ", part).strip() for part in _BLANK.split(decode_text(data)))
    yield from pieces_of_lines((), [part for part in paragraphs if part])


def read_markdown(data: bytes) -> Iterator[Piece]:
    for piece in split_passages(decode_text(data)):
        yield Piece(piece.heading, piece.text)


def read_html(data: bytes) -> Iterator[Piece]:
    yield from _pieces_of_html(decode_text(data))


def read_docx(data: bytes) -> Iterator[Piece]:
    """By its styles: headings, lists and tables in their order. Raises UnreadableError."""
    check_package(data)
    try:
        found = mammoth.convert_to_html(
            io.BytesIO(data), convert_image=mammoth.images.img_element(lambda _: {})
        )
    except Exception as error:
        raise UnreadableError("It is damaged: its text cannot be read.") from error
    yield from _pieces_of_html(found.value)


def _pieces_of_html(html: str) -> Iterator[Piece]:
    _refuse_deep(html)
    tree = LexborHTMLParser(html)
    for name in _LEFT_OUT:
        for node in tree.css(name):
            node.decompose()
    if tree.body is None:
        return
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    for level, line in _walk(tree.body):
        if level:
            yield from pieces_of_lines((words for _, words in path), lines)
            lines = []
            path = [item for item in path if item[0] < level]
            path.append((level, line))
        else:
            lines.append(line)
    yield from pieces_of_lines((words for _, words in path), lines)


def _refuse_deep(html: str) -> None:
    """Raises UnreadableError: the parser's time grows with the square of the depth."""
    depth = 0
    for tag in _NESTING.finditer(html):
        depth += -1 if tag[1] else 1
        if depth > MAX_NESTED:
            raise UnreadableError("It is nested too deep.")


def _walk(root: LexborNode, depth: int = 0) -> Iterator[tuple[int, str]]:
    """(level, words) of each heading, (0, words) of each line, in the order of the page."""
    inline: list[str] = []

    def flush() -> Iterator[tuple[int, str]]:
        words = _SPACES.sub(" ", "".join(inline)).strip()
        inline.clear()
        if words:
            yield 0, words

    for node in root.iter(include_text=True):
        tag = node.tag or ""
        if tag in _HEADINGS:
            yield from flush()
            words = _words(node)
            if words:
                yield int(tag[1]), words
        elif tag == "table":
            yield from flush()
            yield from ((0, line) for line in _rows(node))
        elif depth < MAX_DEPTH and (tag in _BLOCKS or _has_blocks(node)):
            yield from flush()
            yield from _walk(node, depth + 1)
        else:
            inline.append(node.text(deep=True, separator="") or "")
    yield from flush()


def _has_blocks(node: LexborNode) -> bool:
    if not node.tag or node.tag.startswith("-"):
        return False
    return any((child.tag or "") in (*_BLOCKS, *_HEADINGS) for child in node.iter())


def _rows(table: LexborNode) -> Iterator[str]:
    names: list[str] = []
    for number, row in enumerate(table.css("tr")):
        cells = [_words(cell) for cell in row.css("td, th")]
        is_head = bool(row.css("th")) and not row.css("td")
        if number == 0 and (is_head or _could_be_names(cells)):
            names = cells
        elif any(cells):
            yield say_row(names, cells)


def _could_be_names(cells: list[str]) -> bool:
    return len(cells) > 1 and all(cell and not any(map(str.isdigit, cell)) for cell in cells)


def _words(node: LexborNode) -> str:
    return _SPACES.sub(" ", node.text(deep=True, separator=" ")).strip()
