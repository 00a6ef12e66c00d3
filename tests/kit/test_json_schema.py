"""Schemas of strangers: small, self-contained, and never the end of the process."""

from typing import Any

import pytest

from callmissed.kit.json_schema import SchemaError, check_schema, find_fault

DEEP: dict[str, Any] = {"type": "object"}
for _ in range(30):
    DEEP = {"type": "object", "properties": {"a": DEEP}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "object", "$ref": "https://example.com/schema"},
        {"type": "object", "properties": {"a": {"$dynamicRef": "#x"}}},
        {"type": "object", "properties": {"a": {"type": "no such type"}}},
        {"type": "object", "properties": {"a": {"pattern": "("}}},
        {"type": "object", "description": "x" * 20_000},
        DEEP,
    ],
)
def test_what_cannot_be_used_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        check_schema(schema)


def test_a_fault_names_its_place() -> None:
    schema = {
        "type": "object",
        "properties": {"day": {"type": "string", "pattern": "^[0-9]{4}$"}},
        "required": ["day"],
        "additionalProperties": False,
    }
    check_schema(schema)
    assert find_fault(schema, {"day": "2026"}) is None
    assert (find_fault(schema, {"day": "x"}) or "").startswith("day: ")
    assert "required" in (find_fault(schema, {}) or "")
    assert find_fault(schema, {"day": "2026", "more": 1}) is not None


def test_a_pattern_that_never_ends_is_given_up() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    check_schema(schema)
    assert find_fault(schema, {"a": "a" * 5000 + "!"}) is not None
