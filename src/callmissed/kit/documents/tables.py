"""CSV, JSON and spreadsheets: each row a record with the names of its columns."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import python_calamine

from callmissed.kit.documents.kinds import UnreadableError, check_package, decode_text
from callmissed.kit.documents.pieces import Piece, piece_of_record
from callmissed.kit.markdown import HEADING_JOINT

MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELL_CHARS = 2000
MAX_JSON_DEPTH = 40
SAMPLE_CHARS = 8192
TOO_MANY_ROWS = f"It has more than {MAX_ROWS} rows."


def read_csv(data: bytes) -> Iterator[Piece]:
    """The first line names the columns. Raises UnreadableError."""
    text = decode_text(data)
    csv.field_size_limit(MAX_CELL_CHARS * 50)
    try:
        dialect: Any = csv.Sniffer().sniff(text[:SAMPLE_CHARS], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        yield from _pieces_of_rows("", csv.reader(io.StringIO(text), dialect))
    except csv.Error as error:
        raise UnreadableError(f"It is not CSV: {error}.") from error


def read_json(data: bytes) -> Iterator[Piece]:
    """Lists of objects are rows under the names that lead to them; what else there is, one record
    for each object. Raises UnreadableError.
    """
    try:
        value = json.loads(decode_text(data))
    except RecursionError as error:
        raise UnreadableError("It is nested too deep.") from error
    except ValueError as error:
        raise UnreadableError(f"It is not JSON: {str(error)[:200]}.") from error
    for number, piece in enumerate(_pieces_of_json((), value), 1):
        if number > MAX_ROWS:
            raise UnreadableError(TOO_MANY_ROWS)
        yield piece


def read_sheet(data: bytes) -> Iterator[Piece]:
    """Every sheet with its first row as the names of its columns. Raises UnreadableError."""
    if data.startswith(b"PK"):
        check_package(data)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except Exception as error:
        raise UnreadableError("It is damaged, or not a spreadsheet.") from error
    names = book.sheet_names
    for name in names:
        try:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
        except Exception as error:
            raise UnreadableError(f"The sheet {name[:80]} cannot be read.") from error
        heading = name if len(names) > 1 else ""
        yield from _pieces_of_rows(heading, ([_say(cell) for cell in row] for row in rows))


def _pieces_of_rows(heading: str, rows: Iterable[Sequence[str]]) -> Iterator[Piece]:
    columns: list[str] = []
    for number, raw in enumerate(rows):
        if number > MAX_ROWS:
            raise UnreadableError(TOO_MANY_ROWS)
        if len(raw) > MAX_COLUMNS:
            raise UnreadableError(f"It has more than {MAX_COLUMNS} columns.")
        cells = [" ".join(cell.split())[:MAX_CELL_CHARS] for cell in raw]
        if not any(cells):
            continue
        if not columns:
            columns = _name_columns(cells)
            continue
        record = dict(zip(columns, cells, strict=False))
        if piece := piece_of_record(heading, record, number):
            yield piece


def _name_columns(cells: Sequence[str]) -> list[str]:
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = cell or f"column {number}"
        names.append(name if name not in names else f"{name} {number}")
    return names


def _pieces_of_json(path: tuple[str, ...], value: Any) -> Iterator[Piece]:
    if len(path) > MAX_JSON_DEPTH:
        raise UnreadableError("It is nested too deep.")
    if isinstance(value, list):
        for number, item in enumerate(value, 1):
            if isinstance(item, dict | list):
                yield from _pieces_of_item(path, item, number, is_listed=True)
        plain = [_say(item) for item in value if not isinstance(item, dict | list)]
        if plain:
            yield from _one(path, {path[-1] if path else "values": "; ".join(plain)}, 1)
    elif isinstance(value, dict):
        yield from _pieces_of_item(path, value, 1)
    else:
        yield from _one(path, {"value": _say(value)}, 1)


def _pieces_of_item(
    path: tuple[str, ...], item: Any, number: int, *, is_listed: bool = False
) -> Iterator[Piece]:
    """An object is one record with what it holds flat; lists of objects in it go on by themselves."""
    if isinstance(item, list):
        yield from _pieces_of_json(path, item)
        return
    flat: dict[str, str] = {}
    inner: list[tuple[str, Any]] = []
    _flatten("", item, flat, inner, 0)
    yield from _one(path, flat, number)
    about = next(iter(flat.values()), "") if is_listed else ""
    for name, rows in inner:
        yield from _pieces_of_json((*path, *([about] if about else ()), name), rows)


def _flatten(
    prefix: str,
    item: Mapping[str, Any],
    flat: dict[str, str],
    inner: list[tuple[str, Any]],
    depth: int,
) -> None:
    if depth > MAX_JSON_DEPTH:
        raise UnreadableError("It is nested too deep.")
    for key, value in item.items():
        name = f"{prefix} {key}".strip().replace("_", " ")[:200]
        if isinstance(value, dict):
            _flatten(name, value, flat, inner, depth + 1)
        elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
            inner.append((name, value))
        elif isinstance(value, list):
            flat[name] = ", ".join(map(_say, value))[:MAX_CELL_CHARS]
        else:
            flat[name] = _say(value)[:MAX_CELL_CHARS]


def _one(path: tuple[str, ...], record: Mapping[str, str], number: int) -> Iterator[Piece]:
    heading = HEADING_JOINT.join(name.replace("_", " ") for name in path)
    if piece := piece_of_record(heading[:500], record, number):
        yield piece


def _say(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return " ".join(str(value).replace("\x00", "").split())
