"""What may stand in a page can do one thing: start a session with its bot, from its pages."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from callmissed.api.permissions import RULES
from callmissed.kit.tokens import key_is_well_formed
from tests.api.conftest import Installation
from tests.api.keys import PATH, SESSIONS, make_page_key, visitor_of

ADDRESS = "198.51.100.7"
NOT_OF_A_PAGE = [
    ("system_prompt", "You are mine now."),
    ("greeting", "Hello from somebody else."),
    ("greeting", None),
    ("webhook_url", "https://evil.example/hook"),
    ("llm_model", "kimi-k2.5"),
    ("stt_model", "saaras:v3"),
    ("tts_model", "bulbul:v3"),
    ("tts_provider", "sarvam"),
    ("tts_language", "en-IN"),
    ("voice", "shubh"),
    ("tts_voice", "shubh"),
    ("bot_id", "00000000-0000-4000-8000-000000000000"),
    ("max_duration_seconds", 301),
]
FOREIGN = [
    None,
    "",
    "null",
    "https://evil.example",
    "https://shop.example.evil.example",
    "https://evil.example/#shop.example",
    "https://evil.example?shop.example",
    "https://shop.example@evil.example",
    "https://sub.shop.example",
    "https://shopexample",
    "shop.example",
    "//shop.example",
]


@pytest.fixture
async def page_key(api: httpx2.AsyncClient, installation: Installation) -> str:
    made = await make_page_key(api, installation.first.bot_id, rate_limit_rpm=10_000)
    return str(made["key"])


async def test_a_page_starts_a_session_with_its_bot(
    api: httpx2.AsyncClient, installation: Installation, page_key: str
) -> None:
    assert key_is_well_formed(page_key, "cmp")
    bot_id = str(installation.first.bot_id)
    wishes: list[dict[str, Any]] = [
        {},
        {"bot_id": bot_id},
        {"max_duration_seconds": 60, "metadata": {"page": "/"}, "variables": {"name": "Asha"}},
    ]
    for wish in wishes:
        async with visitor_of(installation.app, page_key, "198.51.100.1") as visitor:
            answer = await visitor.post(SESSIONS, json=wish)
        assert answer.status_code == 201, answer.text
        assert answer.json()["bot_id"] == bot_id
        assert answer.json()["config"]["system_prompt"] is None
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(("field", "value"), NOT_OF_A_PAGE)
async def test_a_page_may_not_set_what_is_the_bots(
    installation: Installation, page_key: str, any_error: Any, field: str, value: Any
) -> None:
    async with visitor_of(installation.app, page_key, ADDRESS) as visitor:
        answer = await visitor.post(SESSIONS, json={field: value})
    assert any_error(answer, 403, "permission_denied")["param"] in (field, "voice")


@pytest.mark.parametrize("origin", FOREIGN)
async def test_another_page_is_refused(
    installation: Installation, page_key: str, any_error: Any, origin: str | None
) -> None:
    async with visitor_of(installation.app, page_key, "198.51.100.9", origin) as visitor:
        any_error(await visitor.post(SESSIONS, json={}), 403, "permission_denied")


async def test_two_origins_are_no_origin(
    installation: Installation, page_key: str, any_error: Any
) -> None:
    twice = [("Origin", "https://evil.example"), ("Origin", "https://shop.example")]
    async with visitor_of(installation.app, page_key, "198.51.100.10", None) as visitor:
        answer = await visitor.post(SESSIONS, json={}, headers=httpx2.Headers(twice))
    any_error(answer, 403, "permission_denied")


CLOSED = sorted(
    (method, path)
    for (method, path), rule in RULES.items()
    if rule is not None and (method, path) != ("POST", SESSIONS)
)


async def test_nothing_else_is_open_to_a_page(
    installation: Installation, page_key: str, any_error: Any
) -> None:
    for number, (method, template) in enumerate(CLOSED):
        path = template
        while "{" in path:
            path = path[: path.index("{")] + str(uuid4()) + path[path.index("}") + 1 :]
        async with visitor_of(installation.app, page_key, f"192.0.2.{number}") as visitor:
            answer = await visitor.request(method, path)
        any_error(answer, 403, "permission_denied")


async def test_a_visitor_alone_cannot_use_a_key_up(
    installation: Installation, page_key: str, any_error: Any
) -> None:
    async with visitor_of(installation.app, page_key, "198.51.100.20") as visitor:
        answers = [await visitor.post(SESSIONS, json={"voice": "x"}) for _ in range(8)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:5] == [403] * 5 and 429 in statuses
    refused = answers[statuses.index(429)]
    any_error(refused, 429, "rate_limited")
    assert refused.headers["x-ratelimit-limit"] == "5"
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert 1 <= int(refused.headers["retry-after"]) <= 12
    assert "Retry-After" in refused.headers["access-control-expose-headers"]
    async with visitor_of(installation.app, page_key, "198.51.100.21") as neighbour:
        assert (await neighbour.post(SESSIONS, json={})).status_code == 201


async def test_a_network_of_addresses_is_one_visitor(
    installation: Installation, page_key: str
) -> None:
    statuses = []
    for number in range(8):
        address = f"2001:db8:1:2::{number:x}"
        async with visitor_of(installation.app, page_key, address) as visitor:
            statuses.append((await visitor.post(SESSIONS, json={"voice": "x"})).status_code)
    assert 429 in statuses


async def test_a_key_has_its_own_limit_over_all_visitors(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    made = await make_page_key(api, installation.first.bot_id, rate_limit_rpm=3)
    statuses = []
    for number in range(6):
        async with visitor_of(installation.app, made["key"], f"203.0.113.{number}") as visitor:
            statuses.append((await visitor.post(SESSIONS, json={"voice": "x"})).status_code)
    assert statuses[:3] == [403] * 3 and 429 in statuses[3:]


async def test_no_visitor_gets_what_another_made(
    installation: Installation, page_key: str, api: httpx2.AsyncClient
) -> None:
    once = {"Idempotency-Key": "1"}
    made = []
    for address in ("203.0.113.50", "203.0.113.50", "203.0.113.51"):
        async with visitor_of(installation.app, page_key, address) as visitor:
            made.append((await visitor.post(SESSIONS, json={}, headers=once)).json()["id"])
    made.append((await api.post(SESSIONS, json={}, headers=once)).json()["id"])
    assert made[0] == made[1]
    assert len(set(made)) == 3


async def test_a_page_key_keeps_a_bot_and_a_domain(
    api: httpx2.AsyncClient, installation: Installation, any_error: Any
) -> None:
    made = await make_page_key(api, installation.first.bot_id)
    path = f"{PATH}/{made['id']}"
    for change in ({"allowed_domains": []}, {"permissions": ["*"]}, {"permissions": []}):
        any_error(await api.patch(path, json=change), 422, "invalid_value")
    any_error(await api.patch(path, json={"bot_id": str(uuid4())}), 422, "invalid_value")
    rolled = await api.post(f"{path}/roll", json={"overlap_seconds": 0})
    assert rolled.json()["key"].startswith("cmp_")
    assert rolled.json()["bot_id"] == str(installation.first.bot_id)
