"""Documents made for tests: one of each kind, all of a small school."""

import io
import json

import docx
import openpyxl
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table

ROUTES = [
    ["Route", "Stops", "Fee per month"],
    ["North line", "Hill Road, Park", "1,500"],
    ["South line", "Lake, Market", "1,800"],
    ["East line", "Station", "1,200"],
]
MARKDOWN = "# Hill School\n\n## Admission\n\nThe admission office opens at nine.\n"
HTML = (
    b"<!doctype html><html><head><title>x</title><script>steal()</script></head><body>"
    b"<nav>menu</nav><h1>Hill School</h1><p>The library <b>opens</b> at eight.</p>"
    b"<table><tr><th>Class</th><th>Fee</th></tr><tr><td>One</td><td>900</td></tr></table></body>"
)
HINDI = "पुस्तकालय सोमवार से शुक्रवार तक खुला है।\n\nप्रवेश शुल्क पाँच सौ रुपये है।\n"
CSV = b"Class,Teacher,Days\nOne,Asha Rao,Mon-Fri\nTwo,Vikram Das,Mon; Wed\n"


def pdf(pages: int = 1, *, table: bool = True) -> bytes:
    """Headings, sentences, and on the first page a table; a sentence of its own on each page."""
    styles = getSampleStyleSheet()
    story: list[object] = [Paragraph("Admission", styles["Heading1"])]
    for number in range(1, pages + 1):
        story.append(
            Paragraph(f"Page {number} tells of room {1000 + number}. " * 20, styles["Normal"])
        )
        if number == 1 and table:
            story += [Paragraph("Transport", styles["Heading2"]), Table(ROUTES)]
        if number < pages:
            story.append(PageBreak())
    target = io.BytesIO()
    SimpleDocTemplate(target, pagesize=A4).build(story)
    return target.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.add_heading("Returns", 1)
    document.add_paragraph("Uniforms may be returned within ten days.")
    table = document.add_table(rows=2, cols=3)
    for row, cells in enumerate([["Item", "Days", "Fee"], ["Shoes", "10", "50"]]):
        for column, cell in enumerate(cells):
            table.cell(row, column).text = cell
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def sheet() -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in (["Test", "Price"], ["Maths", 450], ["Music", 300.5], [None, None]):
        page.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def timetable() -> bytes:
    trips = [
        {"bus": "7A", "leaves": "07:40", "days": ["Mon", "Tue"]},
        {"bus": "9", "leaves": "08:05"},
    ]
    return json.dumps({"trips": trips, "office": {"phone": "0800 123"}}).encode()
