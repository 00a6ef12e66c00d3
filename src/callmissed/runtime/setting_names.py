"""A misspelt setting never passes silently: it stops the start, and the likely name is said."""

import difflib
from collections.abc import Iterable

PREFIX = "CALLMISSED_"
OF_OTHERS = {
    f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT" for signal in ("TRACES", "METRICS", "LOGS", "PROFILES")
}
"""Real names that resemble ours and may be meant for other programs."""
LIKELY_NAME_RATIO = 0.6
NEAR_MISS_RATIO = 0.88


class SettingsError(Exception):
    """A setting that stops the start: `name` says where, `message` what, `hint` what to do."""

    def __init__(self, name: str, message: str, hint: str) -> None:
        super().__init__(f"{name} {message}")
        self.name = name
        self.message = message
        self.hint = hint


def check_names(environment: Iterable[str], known: Iterable[str]) -> None:
    """Raises SettingsError for a name with our prefix that is not `known`, and for a near miss of a
    known name without that prefix which is not set itself."""
    present, names = set(environment) - OF_OTHERS, list(known)
    for name in sorted(present.difference(names)):
        if name.upper().startswith(PREFIX):
            likely = difflib.get_close_matches(name.upper(), names, 1, LIKELY_NAME_RATIO)
            hint = f"Did you mean {likely[0]}?" if likely else "`callmissed settings` lists all."
            raise SettingsError(name, "is not the name of a setting.", hint)
    for name in (name for name in names if not name.startswith(PREFIX) and name not in present):
        near = difflib.get_close_matches(name, present.difference(names), 1, NEAR_MISS_RATIO)
        if near:
            hint = f"Did you mean {name}? If not, unset it."
            raise SettingsError(near[0], "is not the name of a setting.", hint)
