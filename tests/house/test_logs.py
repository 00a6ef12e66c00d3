"""Every line that our own code logs: a constant text, and keys that are on the list."""

import ast
from pathlib import Path

from callmissed.runtime.logs import KEYS

SOURCE = Path(__file__).resolve().parents[2] / "src" / "callmissed"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def log_calls() -> list[tuple[str, ast.Call]]:
    """With where they stand."""
    return [
        (f"{path.relative_to(SOURCE)}:{node.lineno}", node)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id.lower().endswith(("log", "logger"))
    ]


def test_our_lines_are_constant_texts_with_at_most_errors_filled_in() -> None:
    calls = log_calls()
    assert len(calls) > 10
    assert not [
        place
        for place, call in calls
        if not isinstance(call.args[0], ast.Constant)
        or not {ast.unparse(value) for value in call.args[1:]} <= {"error", "type(error).__name__"}
    ]


def test_our_lines_use_keys_that_are_kept() -> None:
    lost = {
        (place, word.arg)
        for place, call in log_calls()
        for word in call.keywords
        if word.arg is None or word.arg not in KEYS | {"exc_info"}
    }
    assert not lost
