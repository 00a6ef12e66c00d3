"""PDF: lines by page, headings by their size, tables by the gaps between their cells."""

import ctypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median_low

import pypdfium2
import pypdfium2.raw as pdfium

from callmissed.kit.documents.kinds import UnreadableError
from callmissed.kit.documents.pieces import Piece, piece_of_record, pieces_of_lines

MAX_PAGES = 2000
MAX_CHARS = 5_000_000
MAX_HEADING_CHARS = 100
HEADING_GROWTH = 1.15
BOLD = 600
CELL_GAP = 1.0
LEAST_TABLE_ROWS = 3

Tell = Callable[[int, int], None]

_ENDS = re.compile(r"[.!?:;।॥]$")
_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Line:
    """`cells` are its parts where wide gaps stand between them; `height` in points."""

    page: int
    cells: tuple[str, ...]
    height: float
    is_bold: bool

    @property
    def text(self) -> str:
        return " ".join(self.cells)


def read_pdf(data: bytes, tell: Tell) -> Iterator[Piece]:
    """`tell` is called with pages done and pages in all. Raises UnreadableError."""
    try:
        book = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise UnreadableError(
            "It is locked with a password." if locked else "It is damaged, or not a PDF."
        ) from error
    if len(book) > MAX_PAGES:
        raise UnreadableError(f"It has more than {MAX_PAGES} pages.")
    lines: list[Line] = []
    chars = 0
    for number in range(len(book)):
        for line in _lines_of(book, number):
            chars += len(line.text)
            if chars > MAX_CHARS:
                raise UnreadableError("It holds more text than can be read.")
            lines.append(line)
        tell(number + 1, len(book))
    if not lines:
        raise UnreadableError("It holds no text: pictures of pages are not read.")
    yield from _lay_out(lines)


def _lines_of(book: pypdfium2.PdfDocument, number: int) -> Iterator[Line]:
    try:
        page = book[number]
        text_page = page.get_textpage()
        text = text_page.get_text_range()
    except pypdfium2.PdfiumError as error:
        raise UnreadableError(f"Page {number + 1} is damaged.") from error
    start = 0
    for raw in text.split("\r\n"):
        if raw.strip():
            yield _read_line(text_page, raw, start, number + 1)
        start += len(raw) + 2
    text_page.close()
    page.close()


def _read_line(text_page: pypdfium2.PdfTextPage, raw: str, start: int, page: int) -> Line:
    first = start + len(raw) - len(raw.lstrip())
    box = _box_of(text_page, first)
    height = box[3] - box[1] if box else 0.0
    bold = pdfium.FPDFText_GetFontWeight(text_page, first) >= BOLD
    cells: list[str] = []
    begun = 0
    for gap in re.finditer(r"\s+", raw.rstrip()):
        before = _box_of(text_page, start + gap.start() - 1) if gap.start() else None
        after = _box_of(text_page, start + gap.end())
        if before and after and after[0] - before[2] > CELL_GAP * max(height, 1.0):
            cells.append(raw[begun : gap.start()])
            begun = gap.end()
    cells.append(raw[begun:])
    tidy = tuple(words for cell in cells if (words := " ".join(_ODD.sub("", cell).split())))
    return Line(page, tidy, height, bold)


def _box_of(
    text_page: pypdfium2.PdfTextPage, index: int
) -> tuple[float, float, float, float] | None:
    """Left, bottom, right, top in points."""
    box = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box)):
        return None
    return box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top)


def _lay_out(lines: list[Line]) -> Iterator[Piece]:
    body = median_low(sorted(line.height for line in lines))
    path: list[tuple[float, str]] = []
    prose: list[Line] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        table = _table_at(lines, position)
        if not table and not _is_heading(line, body):
            prose.append(line)
            position += 1
            continue
        yield from _say_prose(path, prose)
        prose = []
        if table:
            yield from _say_table(path, table)
            position += len(table)
            continue
        size = line.height + (0.1 if line.is_bold else 0.0)
        path = [item for item in path if item[0] > size + 0.05]
        path.append((size, line.text))
        position += 1
    yield from _say_prose(path, prose)


def _is_heading(line: Line, body: float) -> bool:
    if len(line.text) > MAX_HEADING_CHARS or _ENDS.search(line.text) or len(line.cells) > 1:
        return False
    return line.height > body * HEADING_GROWTH or (line.is_bold and line.height >= body * 0.98)


def _table_at(lines: list[Line], start: int) -> list[Line]:
    """The rows that begin here with the same number of cells; fewer than three are no table."""
    width = len(lines[start].cells)
    if width < 2:
        return []
    end = start
    while end < len(lines) and len(lines[end].cells) == width:
        end += 1
    return lines[start:end] if end - start >= LEAST_TABLE_ROWS else []


def _say_table(path: list[tuple[float, str]], rows: list[Line]) -> Iterator[Piece]:
    heading = " › ".join(words for _, words in path)
    names = rows[0].cells
    has_names = not any(char.isdigit() for name in names for char in name)
    if not has_names:
        names = tuple(f"column {number}" for number in range(1, len(names) + 1))
    if len(set(names)) < len(names):
        names = tuple(f"{name} {number}" for number, name in enumerate(names, 1))
    for number, row in enumerate(rows[has_names:], 1):
        if row.cells == rows[0].cells:
            continue
        record = dict(zip(names, row.cells, strict=True))
        if piece := piece_of_record(heading, record, number, row.page):
            yield piece


def _say_prose(path: list[tuple[float, str]], lines: list[Line]) -> Iterator[Piece]:
    """Lines that were only broken by the width of the page are joined; each page by itself."""
    names = [words for _, words in path]
    widest = max((len(line.text) for line in lines), default=0)
    for page in dict.fromkeys(line.page for line in lines):
        said: list[str] = []
        goes_on = False
        for line in (one for one in lines if one.page == page):
            if goes_on:
                said[-1] += f" {line.text}"
            else:
                said.append(line.text)
            goes_on = len(line.text) > 0.7 * widest and not _ENDS.search(line.text)
        yield from pieces_of_lines(names, said, page)
