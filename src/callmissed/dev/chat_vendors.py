"""How the vendors of chat completions differ: keys, errors, thinking, what they refuse.

From their documentation: docs.clarifai.com, openrouter.ai/docs, platform.moonshot.ai,
docs.sarvam.ai, docs.ollama.com, docs.vllm.ai.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from callmissed.dev.errors import Refused, Worded, openai_error, openrouter_error, sarvam_error

Body = Mapping[str, Any]

NO_KEY = "none"


@dataclass(frozen=True, slots=True)
class Vendor:
    """`thinks` tells whether a request is thought over before it is answered; the thoughts come in
    the delta's field `thought_field`, or in the content between tags where that is empty. `comment`
    keeps a waiting stream alive. `lists_to_all` shows models without a key. `check` raises Refused
    for what this vendor does not take.
    """

    name: str
    models: tuple[str, ...]
    word_error: Callable[[Refused], Worded] = openai_error
    key_of: Callable[[web.Request], str] = lambda request: bearer_of(request)
    thinks: Callable[[Body], bool] = lambda body: False
    thought_field: str = "reasoning_content"
    thinks_long: bool = True
    comment: bytes = b""
    check: Callable[[Body], None] = lambda body: None
    id_header: str = ""
    lists_to_all: bool = False
    takes_usage_wish: bool = True


def bearer_of(request: web.Request) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key if scheme == "Bearer" else ""


def _sarvam_key(request: web.Request) -> str:
    return request.headers.get("api-subscription-key", "") or bearer_of(request)


def _no_key(request: web.Request) -> str:
    return bearer_of(request) or NO_KEY


def _clarifai_thinks(body: Body) -> bool:
    switched = body.get("chat_template_kwargs") or {}
    return "kimi" in str(body.get("model")).lower() and switched.get("thinking") is not False


def _openrouter_thinks(body: Body) -> bool:
    switched = body.get("reasoning") or {}
    return "kimi" in str(body.get("model")).lower() and switched.get("enabled") is not False


def _moonshot_thinks(body: Body) -> bool:
    return (body.get("thinking") or {}).get("type") != "disabled"


def _named_thinking(body: Body) -> bool:
    return "think" in str(body.get("model")).lower()


def _check_moonshot(body: Body) -> None:
    fixed = {"temperature": 1.0 if _moonshot_thinks(body) else 0.6, "top_p": 0.95, "n": 1}
    for name, only in fixed.items():
        if body.get(name, only) != only:
            raise Refused(None, f"invalid {name}: only {only} is allowed for this model")


def _check_sarvam(body: Body) -> None:
    messages = body.get("messages", [])
    if any(message.get("role") == "tool" for message in messages) and not body.get("tools"):
        raise Refused(None, "tool messages need tools in the same request")
    for name in ("max_completion_tokens", "service_tier"):
        if name in body:
            raise Refused(None, f"unknown field {name}")


def _check_sarvam_v1(body: Body) -> None:
    _check_sarvam(body)
    if "stream_options" in body:
        raise Refused(None, "unknown field stream_options")


CLARIFAI = Vendor(
    "clarifai",
    (
        "moonshotai/chat-completion/models/Kimi-K2_5",
        "https://clarifai.com/moonshotai/chat-completion/models/Kimi-K2_5",
    ),
    thinks=_clarifai_thinks,
)
OPENROUTER = Vendor(
    "openrouter",
    ("moonshotai/kimi-k2.5", "openrouter/auto", "openai/gpt-oss-120b"),
    word_error=openrouter_error,
    thinks=_openrouter_thinks,
    thought_field="reasoning",
    comment=b": OPENROUTER PROCESSING\n\n",
    id_header="X-Generation-Id",
    lists_to_all=True,
)
MOONSHOT = Vendor("moonshot", ("kimi-k2.5",), thinks=_moonshot_thinks, check=_check_moonshot)
OLLAMA = Vendor("ollama", ("llama3.2",), key_of=_no_key, thinks=_named_thinking, thought_field="")
VLLM = Vendor("vllm", ("local-model",), key_of=_no_key, thinks=_named_thinking, thought_field="")
CHAT = Vendor("chat", ("gpt-4.1-mini",))
SARVAM_V1 = Vendor(
    "sarvam",
    ("sarvam-105b", "sarvam-105b-conversations"),
    word_error=sarvam_error,
    key_of=_sarvam_key,
    thinks=lambda body: True,
    thinks_long=False,
    check=_check_sarvam_v1,
    takes_usage_wish=False,
)
SARVAM_V2 = Vendor(
    "sarvam",
    ("sarvam-105b", "glm5.3", "gemma4", "deepseekv4.1-flash"),
    word_error=sarvam_error,
    key_of=_sarvam_key,
    thinks=lambda body: True,
    thinks_long=False,
    check=_check_sarvam,
)
