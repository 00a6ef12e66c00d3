"""The operations of the API with their rules and their id parameters, read from the document."""

from dataclasses import dataclass
from typing import Any, Literal

from callmissed.api.app import openapi_document
from callmissed.api.permissions import RULES, Rule

DOCUMENT = openapi_document()
Place = Literal["path", "query", "body"]
# Words in paths that mean the same to every tenant: nobody's ids.
WORDS = {"name": "ollama", "version": "1"}


@dataclass(frozen=True, slots=True)
class IdParam:
    """A parameter that names an object; `many` takes a list of ids."""

    name: str
    place: Place
    many: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    rule: Rule | None
    ids: tuple[IdParam, ...]
    form: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def path_with(self, ids: dict[IdParam, str]) -> str:
        """The path with its words and these ids."""
        named = {param.name: ids[param] for param in ids if param.place == "path"}
        return self.path.format(**WORDS, **named)

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    @property
    def takes_a_file(self) -> bool:
        return "multipart/form-data" in self.form.get("requestBody", {}).get("content", {})

    @property
    def body_schema(self) -> dict[str, Any] | None:
        content = self.form.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        return None if schema is None else resolve(schema)


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    """Follows a reference, and of a choice takes the first branch that is not null."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return resolve(DOCUMENT["components"]["schemas"][name])
    for word in ("anyOf", "oneOf"):
        for branch in schema.get(word, ()):
            if branch.get("type") != "null":
                return {**schema, **resolve(branch)}
    return schema


def _names_an_object(name: str, schema: dict[str, Any]) -> bool:
    return schema.get("format") == "uuid" or name.endswith(("_id", "_ids"))


def _id_params(form: dict[str, Any], body: dict[str, Any] | None) -> tuple[IdParam, ...]:
    found = []
    for item in form.get("parameters", ()):
        schema = resolve(item["schema"])
        named = _names_an_object(item["name"], schema)
        is_id = item["in"] == "path" and item["name"] not in WORDS
        if is_id or (item["in"] == "query" and named):
            found.append(IdParam(item["name"], item["in"]))
    for name, raw in (body or {}).get("properties", {}).items():
        schema = resolve(raw)
        if schema.get("type") == "array":
            if _names_an_object(name, resolve(schema["items"])):
                found.append(IdParam(name, "body", many=True))
        elif _names_an_object(name, schema):
            found.append(IdParam(name, "body"))
    return tuple(found)


def _read(method: str, path: str, form: dict[str, Any]) -> Operation:
    bare = Operation(method, path, RULES[method, path], (), form)
    return Operation(method, path, bare.rule, _id_params(form, bare.body_schema), form)


OPERATIONS = tuple(
    _read(method.upper(), path, form)
    for path, forms in DOCUMENT["paths"].items()
    for method, form in forms.items()
)


def shown_fields() -> set[str]:
    """The names of all fields that answers have, and some that only rows have."""
    names = {"tenant_id", "person_id", "key_hash", "password_hash", "plan", "suspended_at"}
    for schema in DOCUMENT["components"]["schemas"].values():
        names |= set(schema.get("properties", {}))
    return names
