"""Reads JSON from strangers: never deeper or odder than what comes after can hold (RFC 8259)."""

import json
from typing import Any, NoReturn

MAX_DEPTH = 100

Path = tuple[str | int, ...]


class MalformedJsonError(ValueError):
    """The bytes are not JSON in UTF-8; the message says where they stop being it."""


class UnholdableJsonError(ValueError):
    """The JSON is well-formed and holds what nothing can store: `path` leads to it."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


def parse_json(data: bytes) -> Any:
    """Raises MalformedJsonError, UnholdableJsonError."""
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise MalformedJsonError(f"it is not UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise MalformedJsonError(
            f"{error.msg} (line {error.lineno}, column {error.colno})"
        ) from error
    except MalformedJsonError:
        raise
    except RecursionError as error:
        raise UnholdableJsonError((), f"it is nested deeper than {MAX_DEPTH}") from error
    except ValueError as error:
        raise UnholdableJsonError((), "it holds a number with too many digits") from error
    _check_values(value)
    return value


def depth_of(value: Any) -> int:
    """1 for a flat list or object, 0 for anything else."""
    deepest = 0
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        children = _children(item)
        if children is not None:
            deepest = max(deepest, depth)
            waiting.extend((child, depth + 1) for _, child in children)
    return deepest


def encoded_bytes(value: Any) -> int:
    """How many bytes the value takes as compact JSON in UTF-8."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def canonical_json(value: Any) -> bytes:
    """The same bytes for equal values, whatever the order of their keys was."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _check_values(value: Any) -> None:
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting:
        path, item = waiting.pop()
        if len(path) > MAX_DEPTH:
            raise UnholdableJsonError(path[:1], f"it is nested deeper than {MAX_DEPTH}")
        if isinstance(item, str):
            _check_text(path, item)
        elif isinstance(item, float) and item in (float("inf"), float("-inf")):
            raise UnholdableJsonError(path, "the number is too large")
        elif isinstance(item, dict):
            for key in item:
                _check_text((*path, "(key)"), key)
        waiting.extend(((*path, name), child) for name, child in _children(item) or ())


def _children(item: Any) -> list[tuple[str | int, Any]] | None:
    if isinstance(item, dict):
        return list(item.items())
    if isinstance(item, list):
        return list(enumerate(item))
    return None


def _check_text(path: Path, text: str) -> None:
    if "\x00" in text:
        raise UnholdableJsonError(path, "the text holds a NUL character")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise UnholdableJsonError(path, "the text holds half a character (a lone surrogate)")


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJsonError(f"{name} is not JSON")
