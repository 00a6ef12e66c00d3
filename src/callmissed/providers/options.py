"""The `options` of a model's stanza in the catalogue, read as what its code takes."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

Options = TypeVar("Options")


def read_options(kind: type[Options], options: Mapping[str, Any]) -> Options:
    """`kind` is a dataclass, whose defaults stand for what is missing.

    Raises ValueError, naming the option, for one that does not exist or is of the wrong type.
    """
    written = json.dumps(dict(options), default=str)
    adapter: TypeAdapter[Options] = TypeAdapter(kind)
    try:
        return adapter.validate_json(written, strict=True, extra="forbid")
    except ValidationError as error:
        first = error.errors()[0]
        name = first["loc"][0] if first["loc"] else ""
        raise ValueError(f"the option {name!r}: {first['msg']}") from None
