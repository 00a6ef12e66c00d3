"""Chat completions as OpenAI's clients know them (platform.openai.com/docs/api-reference/chat), by
every vendor of `chat_vendors`.
"""

from typing import Any

from aiohttp import web

from callmissed.dev.chat_answers import speak_whole, stream_answer
from callmissed.dev.chat_vendors import (
    CHAT,
    CLARIFAI,
    MOONSHOT,
    NO_KEY,
    OLLAMA,
    OPENROUTER,
    SARVAM_V1,
    SARVAM_V2,
    VLLM,
    Vendor,
)
from callmissed.dev.errors import Refused, answer_refusal
from callmissed.dev.sarvam_common import Handler
from callmissed.dev.uses import open_use

VENDORS = (CLARIFAI, OPENROUTER, MOONSHOT, OLLAMA, VLLM, CHAT)


def routes(vendor: Vendor, base: str) -> list[web.RouteDef]:
    """`base` is the path of the vendor's base URL."""
    return [
        web.post(base + "/chat/completions", _answering(vendor)),
        web.get(base + "/models", _listing(vendor)),
        web.get(base + "/models/{model:.+}", _telling(vendor)),
        web.get(base + "/key", _describing_key(vendor)),
    ]


def sarvam_routes(base: str) -> list[web.RouteDef]:
    return [
        web.post(base + "/v1/chat/completions", _answering(SARVAM_V1)),
        web.post(base + "/v2/chat/completions", _answering(SARVAM_V2)),
        web.get(base + "/v2/models", _listing(SARVAM_V2)),
    ]


def _answering(vendor: Vendor) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await _answer(request, vendor)
        except Refused as refused:
            return answer_refusal(refused, vendor.word_error)

    return answer


async def _answer(request: web.Request, vendor: Vendor) -> web.StreamResponse:
    body = await _body_of(request)
    model = str(body.get("model", ""))
    use = await open_use(request, f"{vendor.name}.chat", vendor.key_of(request), model, body)
    try:
        _check(vendor, body)
    except Refused:
        use.entry.outcome = "failed"
        raise
    try:
        if body.get("stream"):
            return await stream_answer(use, vendor, body)
        return await speak_whole(use, vendor, body)
    finally:
        if use.entry.outcome == "open":
            use.entry.outcome = "left"


def _check(vendor: Vendor, body: dict[str, Any]) -> None:
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise Refused(None, "messages must not be empty")
    is_known = body.get("model") in vendor.models or vendor.name != "sarvam"
    if not is_known or "no-such" in str(body.get("model")):
        raise Refused(None, "The model does not exist", status=404)
    vendor.check(body)


async def _body_of(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise Refused(None, "The body is no JSON") from None
    if not isinstance(body, dict):
        raise Refused(None, "The body is no JSON object")
    return body


def _listing(vendor: Vendor) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            key = vendor.key_of(request) or (NO_KEY if vendor.lists_to_all else "")
            use = await open_use(request, f"{vendor.name}.models", key, "", {})
        except Refused as refused:
            return answer_refusal(refused, vendor.word_error)
        use.finish()
        return web.json_response(
            {"object": "list", "data": [_row(vendor, model) for model in vendor.models]}
        )

    return answer


def _describing_key(vendor: Vendor) -> Handler:
    """OpenRouter's `GET /key`; the others have none."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if vendor.name != "openrouter":
            missing = Refused(None, "Not found", status=404)
            return answer_refusal(missing, vendor.word_error)
        try:
            use = await open_use(request, "openrouter.key", vendor.key_of(request), "", {})
        except Refused as refused:
            return answer_refusal(refused, vendor.word_error)
        use.finish()
        return web.json_response({"data": {"label": "simulated", "usage": 0, "limit": None}})

    return answer


def _telling(vendor: Vendor) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        model = request.match_info["model"]
        if not vendor.key_of(request):
            return answer_refusal(Refused("bad_key"), vendor.word_error)
        if model not in vendor.models:
            missing = Refused(None, "The model does not exist", status=404)
            return answer_refusal(missing, vendor.word_error)
        return web.json_response(_row(vendor, model))

    return answer


def _row(vendor: Vendor, model: str) -> dict[str, Any]:
    return {"id": model, "object": "model", "created": 1_767_225_600, "owned_by": vendor.name}
