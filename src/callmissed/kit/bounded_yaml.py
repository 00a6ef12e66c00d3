"""Reads and writes YAML that people edit: only what JSON can hold, no aliases, no surprises.

`no`, `on`, `12:30` and dates stay words, as YAML 1.2 reads them.
"""

import json
import re
from typing import Any

import yaml

from callmissed.kit.bounded_json import MalformedJsonError, UnholdableJsonError, parse_json

# YAML 1.2, core schema (10.3.2), without octal and hexadecimal numbers.
_PLAIN = (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", "n~\0"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
)


class YamlError(ValueError):
    """The text is not YAML that can be used; the message says where."""


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise YamlError("it uses an alias (*), which is not allowed")
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {}
for _name, _form, _firsts in _PLAIN:
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}",
        re.compile(f"(?:{_form})\\Z"),
        ["" if first == "\0" else first for first in _firsts],
    )


def read_yaml(text: str) -> Any:
    """Raises YamlError."""
    try:
        value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, narrowed
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark is not None else ""
        raise YamlError(f"it is not YAML{place}") from error
    try:
        return parse_json(json.dumps(value, allow_nan=False).encode("utf-8", "replace"))
    except (
        TypeError,
        ValueError,
        RecursionError,
        MalformedJsonError,
        UnholdableJsonError,
    ) as error:
        raise YamlError("it holds what JSON cannot: a date, bytes, a set, or too deep") from error


def write_yaml(value: Any) -> str:
    """In the order of its keys, with long texts as blocks."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _block)
