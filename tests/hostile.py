"""Files that mean harm, or are broken: made small, whatever they unpack to."""

import io
import json
import zipfile
import zlib
from collections.abc import Callable

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from tests import documents

MEGABYTE = bytes(1 << 20)
WORD_TYPE = "word/document.xml"


def package(*parts: tuple[str, bytes | int]) -> bytes:
    """A zip; a number makes a part of that many megabytes of zeros."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts:
            with made.open(name, "w", force_zip64=True) as part:
                for block in [MEGABYTE] * data if isinstance(data, int) else [data]:
                    part.write(block)
    return target.getvalue()


def with_lying_size() -> bytes:
    """A part that says it is small and unpacks to 150 MB."""
    data = package((WORD_TYPE, 150))
    size, small = (150 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    return data.replace(size, small)


def laughs() -> bytes:
    entities = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(12)
    )
    text = f'<?xml version="1.0"?><!DOCTYPE d [{entities}]><d>&l11;</d>'
    return package((WORD_TYPE, text.encode()))


def pdf_of(*objects: bytes) -> bytes:
    """A PDF of these objects; the first is the catalogue."""
    target, places = bytearray(b"%PDF-1.7\n"), []
    for number, data in enumerate(objects, 1):
        places.append(len(target))
        target += b"%d 0 obj\n%s\nendobj\n" % (number, data)
    start = len(target)
    target += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    target += b"".join(b"%010d 00000 n \n" % place for place in places)
    target += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(target)


def pdf_bomb(megabytes: int) -> bytes:
    """One page whose content unpacks to that much, twice over."""
    data = MEGABYTE.replace(b"\x00", b" ") * megabytes
    packed = zlib.compress(zlib.compress(data, 9), 9)
    stream = b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n%s\nendstream"
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
        stream % (len(packed), packed),
    )


def pdf_loop() -> bytes:
    return pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>")


def pdf_form_loop() -> bytes:
    form = (
        b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</A 4 0 R>>>>/Length 4>>"
    )
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 5 0 R"
        b"/Resources<</XObject<</A 4 0 R>>>>>>",
        form + b"stream\n/A Do\nendstream",
        b"<</Length 5>>stream\n/A Do\nendstream",
    )


def pdf_of_many_pages() -> bytes:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 2504))
    pages = b"<</Type/Pages/Kids[%s]/Count 2501>>" % kids
    return pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", pages, *[page] * 2501)


def locked_pdf() -> bytes:
    target = io.BytesIO()
    canvas = Canvas(target, encrypt=StandardEncryption("secret", "owner"))
    canvas.drawString(100, 100, "hidden")
    canvas.save()
    return target.getvalue()


def picture_pdf() -> bytes:
    target = io.BytesIO()
    canvas = Canvas(target)
    canvas.rect(10, 10, 100, 100, fill=1)
    canvas.save()
    return target.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "bomb.docx": lambda: package((WORD_TYPE, 300)),
    "lying.docx": with_lying_size,
    "laughs.docx": laughs,
    "entries.docx": lambda: package(*((f"word/{n}", b"") for n in range(6000))),
    "cut.docx": lambda: documents.word()[:9000],
    "bomb.xlsx": lambda: package(("xl/workbook.xml", b"<x/>"), ("xl/worksheets/sheet1.xml", 300)),
    "cut.xlsx": lambda: documents.sheet()[:1500],
    "other.zip": lambda: package(("readme", b"hello")),
    "cut.pdf": lambda: documents.pdf()[:300],
    "bomb.pdf": lambda: pdf_bomb(200),
    "loop.pdf": pdf_loop,
    "forms.pdf": pdf_form_loop,
    "pages.pdf": pdf_of_many_pages,
    "locked.pdf": locked_pdf,
    "picture.pdf": picture_pdf,
    "picture-named.pdf": lambda: b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "program.txt": lambda: b"\x7fELF\x02\x01\x01" + bytes(1000),
    "deep.json": lambda: b"[" * 200_000 + b"]" * 200_000,
    "cut.json": lambda: json.dumps({"a": ["b"] * 100}).encode()[:-20],
    "wide.csv": lambda: b",".join(b"%d" % n for n in range(50_000)) + b"\n1,2,3\n",
    "endless.csv": lambda: b'a,b\n"' + b"x" * 3_000_000,
    "deep.html": lambda: b"<html>" + b"<div>" * 200_000,
    "long.txt": lambda: b"All of this is said again. " * 800_000,
    "rows.csv": lambda: b"a,b\n" + b"1,2\n" * 60_000,
}
