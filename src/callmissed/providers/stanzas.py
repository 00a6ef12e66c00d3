"""The stanzas of a catalogue file, read one by one and laid over those of another file."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from callmissed.domain.models import Family, Model, Provider

Document = dict[str, Any]
Stanza = TypeVar("Stanza")

# What makes a stanza of a later file one of an earlier file's.
_IDENTITY = {
    "providers": ("name",),
    "models": ("service", "id"),
    "families": ("service", "provider"),
}
# What a self-hoster need not write.
_USUAL: dict[str, Document] = {
    "providers": {},
    "models": {"status": "available", "languages": []},
    "families": {},
}


class CatalogError(Exception):
    """The catalogue cannot be used; the message names the stanza."""


def read_document(text: str, name: str) -> Document:
    """Tables by their names. Raises CatalogError for what is not TOML or no catalogue."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{name} is not TOML: {error}") from error
    if unknown := set(document) - {"defaults", *_IDENTITY}:
        raise CatalogError(f"{name}: there is no table {sorted(unknown)[0]!r}")
    for kind, identity in _IDENTITY.items():
        stanzas = document.get(kind, [])
        if not isinstance(stanzas, list) or not all(isinstance(one, dict) for one in stanzas):
            raise CatalogError(f"{name}: write [[{kind}]] above each stanza")
        named = [_name(kind, stanza) for stanza in stanzas]
        if repeated := {one for one in named if named.count(one) > 1}:
            raise CatalogError(f"{name}: listed twice: {sorted(repeated)[0]}")
        for stanza, label in zip(stanzas, named, strict=True):
            if missing := [field for field in identity if field not in stanza]:
                raise CatalogError(f"{name}: {label} has no {missing[0]}")
    return document


def lay_over(under: Document, over: Document) -> Document:
    """Both together. A stanza that stands in both has the fields of the one `over` and, where that
    has none, those of the one `under`.
    """
    merged: Document = {"defaults": {**under.get("defaults", {}), **over.get("defaults", {})}}
    for kind, identity in _IDENTITY.items():
        found: dict[tuple[Any, ...], Document] = {}
        for stanza in [*under.get(kind, []), *over.get(kind, [])]:
            place = tuple(stanza[field] for field in identity)
            found[place] = {**found.get(place, {}), **stanza}
        merged[kind] = list(found.values())
    return merged


def read_providers(stanzas: Iterable[Document]) -> tuple[Provider, ...]:
    """Raises CatalogError."""
    return tuple(_read("providers", Provider, stanza) for stanza in stanzas)


def read_models(stanzas: Iterable[Document]) -> tuple[Model, ...]:
    """Raises CatalogError."""
    return tuple(_read("models", Model, stanza) for stanza in stanzas)


def read_families(stanzas: Iterable[Document]) -> tuple[Family, ...]:
    """Raises CatalogError."""
    return tuple(_read("families", Family, stanza) for stanza in stanzas)


def _read(kind: str, shape: type[Stanza], stanza: Mapping[str, Any]) -> Stanza:
    values = {**_USUAL[kind], **stanza}
    known = {field.name: field for field in fields(shape)}  # type: ignore[arg-type]
    if unknown := set(values) - set(known):
        raise CatalogError(f"{_name(kind, stanza)}: there is no field {sorted(unknown)[0]!r}")
    for name, field in known.items():
        if field.default is MISSING and field.default_factory is MISSING and name not in values:
            raise CatalogError(f"{_name(kind, stanza)}: the field {name!r} is missing")
    try:
        return TypeAdapter(shape).validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise CatalogError(f"{_name(kind, stanza)}: {where}: {first['msg']}") from error


def _name(kind: str, stanza: Mapping[str, Any]) -> str:
    """As `[[models]] kimi-k2.5 (llm)`."""
    title = stanza.get("id") or stanza.get("name") or stanza.get("provider") or "without a name"
    service = f" ({stanza['service']})" if "service" in stanza else ""
    return f"[[{kind}]] {title}{service}"
