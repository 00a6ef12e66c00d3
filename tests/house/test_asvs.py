"""The list of ASVS 5.0.0, level 2: whole, and each requirement held by a test or by a reason."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LISTED = tomllib.loads((ROOT / "docs" / "reference" / "asvs.toml").read_text())

# Requirements of levels 1 and 2 by section, as the standard numbers them; V10 does not apply.
SECTIONS = """
1.1: 1-2; 1.2: 1-9; 1.3: 1-11; 1.4: 1-3; 1.5: 1-2; 2.1: 1-3; 2.2: 1-3; 2.3: 1-4; 2.4: 1;
3.2: 1-2; 3.3: 1-4; 3.4: 1-6; 3.5: 1-5; 3.7: 1-2; 4.1: 1-3; 4.2: 1; 4.3: 1-2; 4.4: 1-4;
5.1: 1; 5.2: 1-3; 5.3: 1-2; 5.4: 1-3; 6.1: 1-3; 6.2: 1-12; 6.3: 1-4; 6.4: 1-4; 6.5: 1-5;
6.6: 1-3; 6.8: 1-4; 7.1: 1-3; 7.2: 1-4; 7.3: 1-2; 7.4: 1-5; 7.5: 1-2; 7.6: 1-2; 8.1: 1-2;
8.2: 1-3; 8.3: 1; 8.4: 1; 9.1: 1-3; 9.2: 1-4; 11.1: 1-2; 11.2: 1-3; 11.3: 1-3; 11.4: 1-4;
11.5: 1; 11.6: 1; 12.1: 1-3; 12.2: 1-2; 12.3: 1-4; 13.1: 1; 13.2: 1-5; 13.3: 1-2; 13.4: 1-5;
14.1: 1-2; 14.2: 1-4; 14.3: 1-3; 15.1: 1-3; 15.2: 1-3; 15.3: 1-7; 16.1: 1; 16.2: 1-5;
16.3: 1-4; 16.4: 1-3; 16.5: 1-3; 17.1: 1; 17.2: 1-4; 17.3: 1-2
"""
KINDS_OF_REASON = (
    "By construction:",
    "Not applicable:",
    "Not done:",
    "Not yet:",
    "Operator:",
    "Partly:",
    "Relied upon:",
)


def numbered() -> set[str]:
    found = set()
    for section in SECTIONS.split(";"):
        name, numbers = section.strip().split(": ")
        first, _, last = numbers.partition("-")
        found |= {f"V{name}.{number}" for number in range(int(first), int(last or first) + 1)}
    return found


def test_every_requirement_is_there_once() -> None:
    assert set(LISTED) == numbered()


@pytest.mark.parametrize("name", LISTED)
def test_a_requirement_has_a_test_or_a_reason(name: str) -> None:
    row = LISTED[name]
    assert row["level"] in (1, 2) and row["what"]
    assert ("test" in row) != ("reason" in row)
    if "test" in row:
        path, _, function = row["test"].partition("::")
        tree = ast.parse((ROOT / path).read_text())
        assert function in {getattr(node, "name", None) for node in tree.body}
    else:
        assert row["reason"].startswith(KINDS_OF_REASON)
