"""Documents of every kind become pieces that know where they stand."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callmissed.kit.documents.kinds import UnreadableError
from callmissed.kit.documents.pieces import Piece
from callmissed.kit.documents.reading import Reading, read_file, read_pieces
from tests import documents


async def in_parts(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 100_000):
        yield data[start : start + 100_000]


async def read(folder: Path, name: str, data: bytes) -> tuple[Reading, list[Piece]]:
    output = folder / "pieces"
    reading = await read_file(in_parts(data), name, "", output)
    pieces = [piece for piece, _ in read_pieces(output)]
    assert len(pieces) == reading.piece_count
    return reading, pieces


async def test_a_pdf_keeps_pages_headings_and_rows(tmp_path: Path) -> None:
    told: list[int] = []
    output = tmp_path / "pieces"
    reading = await read_file(in_parts(documents.pdf(3)), "a.pdf", "", output, told.append)
    pieces = [piece for piece, _ in read_pieces(output)]
    assert reading.media_type == "application/pdf"
    assert {piece.page for piece in pieces} == {1, 2, 3}
    rows = [piece for piece in pieces if piece.record]
    assert rows[1].record == {
        "Route": "South line",
        "Stops": "Lake, Market",
        "Fee per month": "1,800",
    }
    assert rows[1].heading == "Admission › Transport"
    assert told[-1] == 100 and told == sorted(told)


async def test_a_docx_keeps_headings_and_tables_in_order(tmp_path: Path) -> None:
    _, pieces = await read(tmp_path, "a", documents.word())
    assert [piece.heading for piece in pieces] == ["Returns"]
    assert pieces[0].text == "Uniforms may be returned within ten days.\nShoes: Days 10; Fee 50."


async def test_a_sheet_is_rows_with_the_names_of_columns(tmp_path: Path) -> None:
    _, pieces = await read(tmp_path, "a.xlsx", documents.sheet())
    assert [piece.record for piece in pieces] == [
        {"Test": "Maths", "Price": "450"},
        {"Test": "Music", "Price": "300.5"},
    ]


async def test_csv_and_json_are_rows_too(tmp_path: Path) -> None:
    _, pieces = await read(tmp_path, "a.csv", documents.CSV)
    assert pieces[1].record == {"Class": "Two", "Teacher": "Vikram Das", "Days": "Mon; Wed"}
    assert pieces[1].row == 2
    _, pieces = await read(tmp_path, "a.json", documents.timetable())
    assert {piece.text for piece in pieces} == {
        "7A: leaves 07:40; days Mon, Tue.",
        "9: leaves 08:05.",
        "office phone: 0800 123.",
    }


async def test_html_is_read_without_what_is_not_text(tmp_path: Path) -> None:
    _, pieces = await read(tmp_path, "page", documents.HTML)
    assert [(piece.heading, piece.text) for piece in pieces] == [
        ("Hill School", "The library opens at eight.\nOne: 900.")
    ]


async def test_hindi_stays_whole(tmp_path: Path) -> None:
    _, pieces = await read(tmp_path, "a.txt", documents.HINDI.encode())
    assert "पुस्तकालय सोमवार से शुक्रवार तक खुला है।" in pieces[0].text
    _, pieces = await read(tmp_path, "b.txt", documents.HINDI.encode("utf-16"))
    assert "प्रवेश शुल्क" in pieces[0].text


async def test_the_kind_is_told_by_the_bytes_and_not_by_the_name(tmp_path: Path) -> None:
    reading, _ = await read(tmp_path, "notes.txt", documents.pdf())
    assert reading.media_type == "application/pdf"
    with pytest.raises(UnreadableError, match="image/png"):
        await read(tmp_path, "notes.pdf", b"\x89PNG\r\n\x1a\n" + bytes(100))


async def test_nothing_is_read_as_empty(tmp_path: Path) -> None:
    for name, data in (("a.txt", b" \n "), ("a.json", b"{}"), ("a.csv", b"a,b\n"), ("a", b"")):
        with pytest.raises(UnreadableError):
            await read(tmp_path, name, data)
