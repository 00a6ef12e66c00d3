"""JSON Schema (draft 2020-12) of objects: small ones only, that refer to nothing outside."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from callmissed.kit.bounded_json import depth_of, encoded_bytes

MAX_SCHEMA_BYTES = 16_000
MAX_SCHEMA_DEPTH = 20
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef", "$id", "$schema")


class SchemaError(ValueError):
    """The schema cannot be used; the message says why."""


def check_schema(schema: Mapping[str, Any]) -> None:
    """Afterwards `find_fault` can judge values by it. Raises SchemaError."""
    if depth_of(schema) > MAX_SCHEMA_DEPTH or encoded_bytes(schema) > MAX_SCHEMA_BYTES:
        raise SchemaError(f"it may take {MAX_SCHEMA_BYTES} bytes and be {MAX_SCHEMA_DEPTH} deep")
    if schema and schema.get("type") != "object":
        raise SchemaError("it must be the schema of an object")
    if name := _reference_in(schema):
        raise SchemaError(f"it may not use {name}")
    try:
        jsonschema_rs.validator_for(dict(schema))
    except ValueError as error:
        raise SchemaError("it is not a JSON schema") from error


def find_fault(schema: Mapping[str, Any], value: Any) -> str | None:
    """What is wrong with the value, with its place; None where nothing is. `schema` was checked."""
    validator = jsonschema_rs.validator_for(dict(schema))
    for error in validator.iter_errors(value):
        place = ".".join(str(step) for step in error.instance_path)
        return f"{place or 'arguments'}: {error.message}"[:300]
    return None


def _reference_in(schema: Mapping[str, Any]) -> str | None:
    waiting: list[Any] = [schema]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            if found := next((name for name in _REFERENCES if name in item), None):
                return found
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return None
