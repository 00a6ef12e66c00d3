"""What Sarvam's endpoints have in common: keys, languages, voices, errors (docs.sarvam.ai)."""

import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from callmissed.dev.errors import Refused, answer_refusal, sarvam_error

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STT_LANGUAGES = frozenset(
    (
        *("en-IN", "hi-IN", "bn-IN", "gu-IN", "kn-IN", "ml-IN", "mr-IN", "od-IN", "pa-IN", "ta-IN"),
        *("te-IN", "as-IN", "ur-IN", "ne-IN", "kok-IN", "ks-IN", "sd-IN", "sa-IN", "sat-IN"),
        *("mni-IN", "brx-IN", "mai-IN", "doi-IN"),
    )
)
TTS_LANGUAGES = frozenset(
    (
        *("en-IN", "hi-IN", "bn-IN", "gu-IN", "kn-IN", "ml-IN", "mr-IN", "od-IN", "pa-IN"),
        *("ta-IN", "te-IN"),
    )
)
V3_VOICES = frozenset(
    (
        *("shubh", "aditya", "rahul", "rohan", "amit", "dev", "ratan", "varun", "manan", "sumit"),
        *("kabir", "aayan", "ashutosh", "advait", "anand", "tarun", "sunny", "mani", "gokul"),
        *("vijay", "mohit", "rehan", "soham", "ritu", "priya", "neha", "pooja", "simran", "kavya"),
        *("ishita", "shreya", "roopa", "tanya", "shruti", "suhani", "kavitha", "rupali"),
    )
)
"""The 37 that are accepted: amelia and sophia were withdrawn."""
V2_VOICES = frozenset(("anushka", "abhilash", "manisha", "vidya", "arya", "karun", "hitesh"))
STT_MODELS = frozenset(("saaras:v3", "saaras:v4", "saarika:v2.5"))
REALTIME_MODELS = frozenset(("saaras:v3-realtime", "saaras:v4"))
TTS_MODELS = frozenset(("bulbul:v2", "bulbul:v3", "bulbul:v4-flash"))
MODES = frozenset(("transcribe", "translate", "verbatim", "translit", "codemix"))


def key_of(request: web.Request) -> str:
    """The header of every call; the subprotocol of a browser's socket."""
    key = request.headers.get("api-subscription-key", "")
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    return key or offered.partition("api-subscription-key.")[2]


def worded(handler: Handler) -> Handler:
    """The handler, with what it refuses told as Sarvam tells it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            return answer_refusal(refused, sarvam_error)

    return answer


def one_of(value: str, allowed: frozenset[str], what: str) -> str:
    """Raises Refused where the value is none of them."""
    if value not in allowed:
        raise Refused(None, f"{what} must be one of {', '.join(sorted(allowed))}", status=400)
    return value


def new_request_id() -> str:
    return f"{time.strftime('%Y%m%d')}_{uuid.uuid4()}"


def socket_error(message: str, code: Any) -> dict[str, Any]:
    """An error message of the speech-to-text sockets."""
    return {"type": "error", "data": {"error": message, "code": code}}
