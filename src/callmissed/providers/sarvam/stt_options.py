"""How a call listens through Sarvam: the `options` of a speech-to-text model's stanza in the
catalogue.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SOCKETS = ("realtime", "classic")
MODES = ("transcribe", "translate", "verbatim", "translit", "codemix")


@dataclass(frozen=True, slots=True)
class ListeningOptions:
    """`sockets` are tried in their order. `mode` is how words are written: `codemix` writes mixed
    speech in the scripts of its languages. With `may_change` the server finds out the language of
    each utterance, without it is told the call's. `realtime` and `classic` are more query
    parameters of the one socket and the other.
    """

    sockets: tuple[str, ...] = SOCKETS
    mode: str = "codemix"
    may_change: bool = True
    realtime: Mapping[str, str] = field(default_factory=dict)
    classic: Mapping[str, str] = field(default_factory=dict)


def read_listening_options(options: Mapping[str, Any]) -> ListeningOptions:
    """Raises ValueError, naming the option, for one that is unknown or cannot be."""
    values = dict(options)
    read = ListeningOptions(
        sockets=_sockets(values.pop("sockets", SOCKETS)),
        mode=values.pop("mode", "codemix"),
        may_change=values.pop("may_change", True),
        realtime=_parameters(values.pop("realtime", {}), "realtime"),
        classic=_parameters(values.pop("classic", {}), "classic"),
    )
    if values:
        raise ValueError(f"there is no listening option {min(values)!r}")
    if read.mode not in MODES:
        raise ValueError(f"the listening option 'mode' is none of {', '.join(MODES)}")
    if not isinstance(read.may_change, bool):
        raise ValueError("the listening option 'may_change' is neither true nor false")
    return read


def _sockets(names: Any) -> tuple[str, ...]:
    is_list = isinstance(names, list | tuple) and 0 < len(set(names)) == len(names)
    if not is_list or not set(names) <= set(SOCKETS):
        raise ValueError(f"the listening option 'sockets' lists none but {', '.join(SOCKETS)}")
    return tuple(names)


def _parameters(given: Any, name: str) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise ValueError(f"the listening option {name!r} is no table")
    return {key: _written(value) for key, value in given.items()}


def _written(value: Any) -> str:
    """As it stands in a query."""
    return str(value).lower() if isinstance(value, bool) else str(value)
