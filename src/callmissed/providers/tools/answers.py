"""What a customer's server answers, read within bounds."""

import json
from typing import Any

import aiohttp

from callmissed.domain.tools import MAX_RESULT_CHARS

MAX_ANSWER_BYTES = 256_000
MAX_TOLD_OF_FAILURE_CHARS = 500


class ToolFailedError(Exception):
    """The tool did not do what it was asked; the message may be told to the model."""


async def read_bounded(response: aiohttp.ClientResponse) -> bytes:
    """The whole body. Raises ToolFailedError where it is too long or packed, aiohttp.ClientError."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ToolFailedError("The tool's answer is packed, and was not asked to be.")
    parts: list[bytes] = []
    read_bytes = 0
    async for part in response.content.iter_any():
        read_bytes += len(part)
        if read_bytes > MAX_ANSWER_BYTES:
            raise ToolFailedError("The tool's answer is too long.")
        parts.append(part)
    return b"".join(parts)


def read_json(body: bytes) -> Any:
    """Raises ToolFailedError."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ToolFailedError("The tool's answer is not JSON.") from error


def shorten(text: str, max_chars: int = MAX_RESULT_CHARS) -> str:
    """What a model is told of a text: without NUL and halves of characters, and not too much."""
    clean = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return clean if len(clean) <= max_chars else f"{clean[: max_chars - 1]}…"
