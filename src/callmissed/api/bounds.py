"""How much a request may send and how long it may take."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from callmissed.api.errors import too_large, too_slow

MAX_BODY_BYTES = 1_000_000
BODY_WITHIN_S = 10.0
# Until the answer begins; one that streams may take as long as it likes.
ANSWER_WITHIN_S = 30.0


def bounded(scope: Scope, receive: Receive) -> Receive:
    """Counts what comes in, and the time it takes; the first byte too many is refused, and so are a
    length that says so and a body that drips.

    Raises Refusal TOO_LARGE, REQUEST_TIMEOUT out of `receive`.
    """
    declared = Headers(scope=scope).get("content-length", "")
    until_s = asyncio.get_running_loop().time() + BODY_WITHIN_S
    received_bytes = 0
    is_whole = False

    async def counted() -> Message:
        nonlocal received_bytes, is_whole
        if is_whole:
            return await receive()
        if declared.isdecimal() and int(declared[:20]) > MAX_BODY_BYTES:
            raise too_large(MAX_BODY_BYTES)
        try:
            async with asyncio.timeout_at(until_s):
                message = await receive()
        except TimeoutError:
            raise too_slow(BODY_WITHIN_S) from None
        is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        received_bytes += len(message.get("body", b""))
        if received_bytes > MAX_BODY_BYTES:
            raise too_large(MAX_BODY_BYTES)
        return message

    return counted
