"""How much a request may send and how long it may take."""

import asyncio
import re
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from callmissed.api.errors import too_large, too_slow
from callmissed.domain.knowledge import MAX_FILE_BYTES

MAX_BODY_BYTES = 1_000_000
BODY_WITHIN_S = 10.0
# Until the answer begins; one that streams may take as long as it likes.
ANSWER_WITHIN_S = 30.0
FORM_BYTES = 64_000
UPLOAD_WITHIN_S = 120.0

_UPLOADS = re.compile(r"/v1/knowledge-bases/[^/]+/uploads")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one request: the bytes of its body, the time that it may take to come, and the time until
    its answer begins.
    """

    max_body_bytes: int = MAX_BODY_BYTES
    body_within_s: float = BODY_WITHIN_S
    answer_within_s: float = ANSWER_WITHIN_S


USUAL = Bounds()
OF_UPLOADS = Bounds(MAX_FILE_BYTES + FORM_BYTES, UPLOAD_WITHIN_S, UPLOAD_WITHIN_S + ANSWER_WITHIN_S)


def bounds_of(scope: Scope) -> Bounds:
    is_upload = scope["method"] == "POST" and _UPLOADS.fullmatch(scope["path"])
    return OF_UPLOADS if is_upload else USUAL


def bounded(scope: Scope, receive: Receive) -> Receive:
    """Counts what comes in, and the time it takes; the first byte too many is refused, and so are a
    length that says so and a body that drips.

    Raises Refusal TOO_LARGE, REQUEST_TIMEOUT out of `receive`.
    """
    bounds = bounds_of(scope)
    declared = Headers(scope=scope).get("content-length", "")
    until_s = asyncio.get_running_loop().time() + bounds.body_within_s
    received_bytes = 0
    is_whole = False

    async def counted() -> Message:
        nonlocal received_bytes, is_whole
        if is_whole:
            return await receive()
        if declared.isdecimal() and int(declared[:20]) > bounds.max_body_bytes:
            raise too_large(bounds.max_body_bytes)
        try:
            async with asyncio.timeout_at(until_s):
                message = await receive()
        except TimeoutError:
            raise too_slow(bounds.body_within_s) from None
        is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        received_bytes += len(message.get("body", b""))
        if received_bytes > bounds.max_body_bytes:
            raise too_large(bounds.max_body_bytes)
        return message

    return counted
