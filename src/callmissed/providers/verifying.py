"""Asks a provider whether it takes a key, without buying anything."""

from enum import StrEnum
from typing import Any

import aiohttp

from callmissed.domain.models import Access
from callmissed.providers.connections import CONNECT_TIMEOUT_S
from callmissed.providers.openai.chat_options import key_headers

ANSWER_TIMEOUT_S = 5.0

CHAT_PATHS = {"openai": "/chat/completions", "sarvam": "/v2/chat/completions"}
# Neither a model nor a message: whoever takes the key refuses this, and it costs nothing.
NO_QUESTION: dict[str, Any] = {"messages": [], "max_tokens": 1}

REFUSED = (401, 403)
LIMITED = (402, 429)
SERVER_ERROR = 500


class Verdict(StrEnum):
    """`limited`: the provider knows the key and serves it nothing now (credit, quota, rate).
    `unclear`: it answers the same without a key.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LIMITED = "limited"
    UNREACHABLE = "unreachable"
    UNCLEAR = "unclear"


async def verify_key(session: aiohttp.ClientSession, access: Access) -> Verdict:
    """What the provider says to the key now. Raises nothing.

    It is asked for `verify_path` with the key; since some providers answer everybody there, then
    without it; where that tells nothing, the same with an empty chat request.
    """
    provider = access.provider
    first = await _ask(session, access, provider.verify_path, None)
    if first is not Verdict.ACCEPTED or not provider.needs_key:
        return first
    if await _is_refused_without_key(session, access, provider.verify_path, None):
        return Verdict.ACCEPTED
    path = CHAT_PATHS.get(provider.wire)
    if path is None:
        return Verdict.UNCLEAR
    second = await _ask(session, access, path, NO_QUESTION)
    if second is not Verdict.ACCEPTED:
        return second
    if await _is_refused_without_key(session, access, path, NO_QUESTION):
        return Verdict.ACCEPTED
    return Verdict.UNCLEAR


async def _is_refused_without_key(
    session: aiohttp.ClientSession, access: Access, path: str, body: dict[str, Any] | None
) -> bool:
    anonymous = Access(access.provider, is_customers_url=access.is_customers_url)
    return await _ask(session, anonymous, path, body) is Verdict.REFUSED


async def _ask(
    session: aiohttp.ClientSession, access: Access, path: str, body: dict[str, Any] | None
) -> Verdict:
    provider = access.provider
    try:
        async with session.request(
            "GET" if body is None else "POST",
            provider.base_url.rstrip("/") + path,
            json=body,
            headers=key_headers(access),
            timeout=aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S),
            allow_redirects=False,
        ) as response:
            return _judge(response.status)
    except (aiohttp.ClientError, OSError, ValueError):
        return Verdict.UNREACHABLE


def _judge(status: int) -> Verdict:
    if status in REFUSED:
        return Verdict.REFUSED
    if status in LIMITED:
        return Verdict.LIMITED
    return Verdict.UNREACHABLE if status >= SERVER_ERROR else Verdict.ACCEPTED
