"""The documents are kept true by these tests."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
SOURCE_PATH = re.compile(
    r"`((?:src/callmissed/|tests/|scripts/|bench/|web/src/|docs/)[\w./-]+\.\w+)`"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    missing = [target for target in LINK.findall(text) if not (page.parent / target).exists()]
    missing += [target for target in SOURCE_PATH.findall(text) if not (ROOT / target).exists()]
    assert not missing


def test_no_path_of_a_machine_in_the_project() -> None:
    pattern = re.compile(r"(?<![\w.])/(?:work|root|farm)/")
    offenders = [
        str(path.relative_to(ROOT))
        for folder in ("src", "docs", "scripts", "bench", "tests", "web/src")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md", ".ts", ".tsx", ".sh", ".toml", ".json"}
        and path != Path(__file__)
        and pattern.search(path.read_text(errors="ignore"))
    ]
    assert not offenders
