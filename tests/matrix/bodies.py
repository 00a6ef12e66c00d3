"""A body that each operation takes, made from its schema; ids are put in by the matrix."""

from typing import Any
from uuid import uuid4

from tests.matrix.operations import Operation, resolve
from tests.matrix.rows import PASSWORD

# By the name of the field, where the schema does not say what fits.
MEANT: dict[str, Any] = {
    "email": lambda: f"{uuid4().hex}@example.com",
    "password": lambda: PASSWORD,
    "old_password": lambda: PASSWORD,
    "new_password": lambda: f"{PASSWORD} again",
    "role": lambda: "member",
    "permissions": lambda: ["bots:read"],
    "language": lambda: "en-IN",
}

# Whole bodies, where fields depend on each other.
WHOLE: dict[str, dict[str, Any]] = {
    "POST /v1/bots/{bot_id}/chat": {"messages": [{"role": "user", "content": "made up"}]},
    "POST /v1/tools": {
        "name": "made_up",
        "description": "made up",
        "url": "https://tools.example.com/",
    },
    "POST /v1/bots/import": {"yaml": "{callmissed_bot: 1, name: made up, system_prompt: Hello.}"},
    "POST /v1/api-keys": {
        "name": "made by the matrix",
        "kind": "publishable",
        "allowed_domains": ["app.test"],
    },
    "POST /v1/knowledge-bases/{knowledge_base_id}/documents": {"name": "a.md", "text": "# A\n\nB."},
}


def body_of(operation: Operation) -> dict[str, Any] | None:
    """None for an operation without a body; optional fields are left out."""
    schema = operation.body_schema
    if schema is None:
        return None
    if str(operation) in WHOLE:
        return dict(WHOLE[str(operation)])
    return _object(schema)


def _object(schema: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties", {})
    return {name: _value(name, properties[name]) for name in schema.get("required", ())}


def _value(name: str, raw: dict[str, Any]) -> Any:
    if name in MEANT:
        return MEANT[name]()
    schema = resolve(raw)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "uuid":
        return str(uuid4())
    match schema.get("type"):
        case "array":
            return [_value(name, schema["items"])] if schema.get("minItems") else []
        case "object":
            return _object(schema)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return "made up".ljust(schema.get("minLength", 0), "p")
