"""JSON schemas that operators give us: of a tool's arguments, of what to extract from a call."""

from typing import Annotated, Any

from pydantic import AfterValidator

from callmissed.kit.json_schema import SchemaError, check_schema


def _judge(value: dict[str, Any]) -> dict[str, Any]:
    try:
        check_schema(value)
    except SchemaError as error:
        raise ValueError(str(error)) from error
    return value


JsonSchema = Annotated[dict[str, Any], AfterValidator(_judge)]
"""Of an object, within bounds, without references to elsewhere."""
