"""Every wrong kind of body, key, id, format and method gets the documented error object."""

import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from callmissed.kit.tokens import mint_key
from tests.api.conftest import Installation, client_of

PATH = "/v1/voice/sessions"
NOBODY = "00000000-0000-4000-8000-000000000000"
DEEP = b'{"metadata":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


MALFORMED = {
    "cut off": b'{"language": "en-IN"',
    "single quotes": b"{'language': 'en-IN'}",
    "trailing comma": b'{"language": "en-IN",}',
    "no json at all": b"language=en-IN",
    "not UTF-8": b'{"system_prompt": "\xff\xfe"}',
    "UTF-16": '{"language": "en-IN"}'.encode("utf-16"),
    "NaN": b'{"metadata": {"a": NaN}}',
    "Infinity": b'{"metadata": {"a": -Infinity}}',
    "two values": b"{}{}",
    "a NUL in the JSON": b'{"language": "en-IN\x00"}',
}

WRONG: list[tuple[str, bytes, str | None]] = [
    ("an array", b"[]", "body"),
    ("null", b"null", "body"),
    ("a string", b'"hello"', "body"),
    ("a number", b"7", "body"),
    ("true", b"true", "body"),
    ("deep JSON", DEEP, "body"),
    ("deep brackets", b"[" * 400_000, "body"),
    ("a number of 9000 digits", b'{"metadata": {"a": ' + b"9" * 9000 + b"}}", "body"),
    ("a float beyond floats", b'{"metadata": {"a": 1e999}}', "metadata.a"),
    ("NUL in a value", b'{"system_prompt": "a\\u0000b"}', "system_prompt"),
    ("NUL in a key", b'{"metadata": {"a\\u0000": 1}}', "metadata.(key)"),
    ("half a character", b'{"metadata": {"a": "\\ud800"}}', "metadata.a"),
    ("an unknown field", b'{"langauge": "en-IN"}', "langauge"),
    ("a field of the answer", b'{"tenant_id": "x"}', "tenant_id"),
    ("status", b'{"status": "completed"}', "status"),
    ("bot_id", b'{"bot_id": "not-a-uuid"}', "bot_id"),
    ("bot_id a number", b'{"bot_id": 5}', "bot_id"),
    ("a long prompt", json.dumps({"system_prompt": "x" * 4097}).encode(), "system_prompt"),
    ("a prompt that is a list", b'{"system_prompt": ["a"]}', "system_prompt"),
    ("too short a call", b'{"max_duration_seconds": 29}', "max_duration_seconds"),
    ("too long a call", b'{"max_duration_seconds": 3601}', "max_duration_seconds"),
    ("a duration in words", b'{"max_duration_seconds": "300"}', "max_duration_seconds"),
    ("a duration of true", b'{"max_duration_seconds": true}', "max_duration_seconds"),
    ("half a second", b'{"max_duration_seconds": 30.5}', "max_duration_seconds"),
    ("a huge duration", b'{"max_duration_seconds": 1' + b"0" * 400 + b"}", "max_duration_seconds"),
    ("a language in words", b'{"language": "English (India)"}', "language"),
    ("an empty language", b'{"language": ""}', "language"),
    ("metadata as text", b'{"metadata": "x"}', "metadata"),
    ("large metadata", json.dumps({"metadata": {"a": "x" * 16_000}}).encode(), "metadata"),
    ("deep metadata", json.dumps({"metadata": nested(21)}).encode(), "metadata"),
    (
        "many variables",
        json.dumps({"variables": dict.fromkeys(map(str, range(51)), "")}).encode(),
        None,
    ),
    ("a variable that is no text", b'{"variables": {"a": 1}}', "variables.a"),
    ("an unknown preset", b'{"turn_taking": "slow"}', "turn_taking"),
    ("a wait too long", b'{"turn_taking": {"wait_ms": 99999}}', "turn_taking.wait_ms"),
    ("waits that cross", b'{"turn_taking": {"wait_ms": 2000, "max_wait_ms": 1000}}', "turn_taking"),
    ("an unknown wait", b'{"turn_taking": {"wait": 5}}', "turn_taking.wait"),
    ("turn taking as a number", b'{"turn_taking": 5}', "turn_taking"),
    ("a long greeting", json.dumps({"greeting": "x" * 1001}).encode(), "greeting"),
]

WEBHOOKS = [
    "ftp://your-app.com/x",
    "javascript:alert(1)",
    "your-app.com/hook",
    "http://",
    "http://user:secret@your-app.com/",
    "http://localhost/",
    "http://api.localhost:8080/",
    "http://db.internal/",
    "http://printer.local/",
    "http://redis:6379/",
    "http://127.0.0.1:8080/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://１２７.0.0.1/",
    "http://10.0.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fd00::1]/",
    "http://[fe80::1%25eth0]/",
    "http://0/",
    "http://your-app.com:0/",
    "http://your-app.com:99999/",
    "http://your app.com/",
    "http://your-app.com\\@127.0.0.1/",
    "https://" + "a" * 3000 + ".com",
]

MODELS: list[tuple[dict[str, str], str, str]] = [
    ({"llm_model": "gpt-9"}, "llm_model", "kimi-k2.5"),
    ({"llm_model": "openrouter/x/y"}, "llm_model", "settings/providers/openrouter"),
    ({"llm_model": "saaras:v3"}, "llm_model", "local/answerer"),
    ({"llm_model": "sarvam-105b"}, "llm_model", "kimi-k2.5"),
    ({"llm_model": "sarvam-30b"}, "llm_model", "kimi-k2.5"),
    ({"stt_model": "whisper"}, "stt_model", "saaras:v3"),
    ({"tts_model": "bulbul:v2"}, "tts_model", "bulbul:v3"),
    ({"tts_provider": "elevenlabs"}, "tts_provider", "sarvam, local"),
    ({"tts_provider": "sarvam", "tts_model": "local/flite"}, "tts_provider", "agree"),
    ({"voice": "anushka"}, "voice", "shubh"),
    ({"voice": "SHUBH"}, "voice", "shubh"),
    ({"language": "hi-IN"}, "language", "en"),
    ({"language": "fr-FR"}, "language", "en"),
    ({"tts_language": "as-IN"}, "tts_language", "hi"),
]


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_not_json_is_400(
    api: httpx2.AsyncClient, any_error: Any, body: bytes
) -> None:
    any_error(await api.post(PATH, content=body), 400, "malformed_json")


@pytest.mark.parametrize(("body", "param"), [case[1:] for case in WRONG], ids=[c[0] for c in WRONG])
async def test_a_wrong_value_is_422_with_its_field(
    api: httpx2.AsyncClient, any_error: Any, body: bytes, param: str | None
) -> None:
    error = any_error(await api.post(PATH, content=body), 422, "invalid_value")
    if param is not None:
        assert error["param"] == param


@pytest.mark.parametrize("url", WEBHOOKS)
async def test_a_webhook_must_be_public_http(
    api: httpx2.AsyncClient, any_error: Any, url: str
) -> None:
    error = any_error(await api.post(PATH, json={"webhook_url": url}), 422, "invalid_value")
    assert error["param"] == "webhook_url"


@pytest.mark.parametrize(("body", "param", "hint"), MODELS)
async def test_a_model_that_cannot_be_routed_names_what_would_work(
    api: httpx2.AsyncClient, any_error: Any, body: dict[str, str], param: str, hint: str
) -> None:
    error = any_error(await api.post(PATH, json=body), 422, "model_not_available")
    assert error["param"] == param
    assert hint in error["hint"]


async def test_a_model_under_maintenance_is_503(api: httpx2.AsyncClient, any_error: Any) -> None:
    answer = await api.post(PATH, json={"llm_model": "kimi-k2.5-fast"})
    any_error(answer, 503, "provider_unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_misspelt_field_is_named(api: httpx2.AsyncClient, any_error: Any) -> None:
    error = any_error(await api.post(PATH, json={"langauge": "en-IN"}), 422, "invalid_value")
    assert "language" in error["hint"]


async def test_a_large_body_is_413(api: httpx2.AsyncClient, any_error: Any) -> None:
    async def chunks() -> Any:
        for _ in range(30):
            yield b" " * 50_000

    any_error(await api.post(PATH, content=b" " * 1_000_001), 413, "too_large")
    any_error(await api.post(PATH, content=chunks()), 413, "too_large")
    exact = json.dumps({"metadata": {}}).encode().ljust(1_000_000)
    assert (await api.post(PATH, content=exact)).status_code == 201


async def test_the_type_that_a_body_claims_does_not_matter(api: httpx2.AsyncClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=x"):
        answer = await api.post(PATH, content=b"{}", headers={"Content-Type": kind})
        assert answer.status_code == 201


BAD_KEYS = {
    "none": None,
    "another scheme": "Basic dXNlcjpwYXNz",
    "no scheme": mint_key("cm"),
    "empty": "Bearer ",
    "words": "Bearer hello",
    "mistyped": f"Bearer {mint_key('cm')[:-1]}_",
    "short": "Bearer cm_abc",
    "well-formed and unknown": f"Bearer {mint_key('cm')}",
    "of another kind": f"Bearer {mint_key('cmr')}",
    "long": "Bearer " + "x" * 100_000,
    "unsigned": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
    "not ASCII": "Bearer cm_é",
}


@pytest.mark.parametrize("header", BAD_KEYS.values(), ids=BAD_KEYS.keys())
@pytest.mark.parametrize("path", [PATH, "/v1/me", f"{PATH}/{NOBODY}", "/v1/models"])
async def test_without_a_key_nothing_is_told(
    nobody: httpx2.AsyncClient, any_error: Any, header: str | None, path: str
) -> None:
    headers = {} if header is None else {"Authorization": header.encode("utf-8")}
    answer = await nobody.get(path, headers=httpx2.Headers(headers))
    any_error(answer, 401, "invalid_api_key")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_key_is_asked_for_before_the_body(
    nobody: httpx2.AsyncClient, any_error: Any
) -> None:
    any_error(await nobody.post(PATH, content=b"{{{"), 401, "invalid_api_key")


async def test_a_mistyped_key_costs_no_query(dark: FastAPI, any_error: Any) -> None:
    async with client_of(dark, "cm_" + "0" * 36) as client:
        any_error(await client.get("/v1/me"), 401, "invalid_api_key")


async def test_without_a_database_nothing_hangs(dark: FastAPI, any_error: Any) -> None:
    async with client_of(dark, mint_key("cm")) as client:
        answer = await client.post(PATH, json={})
        any_error(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
        assert "database" in ready.json()["missing"][0]
        assert (await client.get("/health/live")).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        (("stt", "tts", "llm"), 201),
        (("voice",), 201),
        (("*",), 201),
        (("stt", "tts"), 403),
        (("bots:read",), 403),
        (("sessions:read",), 403),
        ((), 403),
    ],
)
async def test_creating_takes_three_permissions(
    installation: Installation, any_error: Any, permissions: tuple[str, ...], status: int
) -> None:
    async with client_of(installation.app, await installation.key_with(*permissions)) as client:
        answer = await client.post(PATH, json={})
    if status == 201:
        assert answer.status_code == 201
    else:
        assert "llm + stt + tts" in any_error(answer, 403, "permission_denied")["hint"]


@pytest.mark.parametrize(
    ("path", "param"),
    [
        (f"{PATH}/not-a-uuid", "session_id"),
        (f"{PATH}/not-a-uuid/transcript", "session_id"),
        (f"{PATH}/%00", "session_id"),
        (f"{PATH}/%F0%9F%98%80", "session_id"),
        ("/v1/bots/7", "bot_id"),
        (f"{PATH}?status=asleep", "status"),
        (f"{PATH}?limit=0", "limit"),
        (f"{PATH}?limit=201", "limit"),
        (f"{PATH}?limit=many", "limit"),
        (f"{PATH}?limit={'9' * 5000}", "limit"),
        (f"{PATH}?offset=-1", "offset"),
        (f"{PATH}?offset=%00", "offset"),
        (f"{PATH}/{NOBODY}/transcript?format=pdf", "format"),
        ("/v1/models?service=ears", "service"),
    ],
)
async def test_a_wrong_path_or_query_is_422(
    api: httpx2.AsyncClient, any_error: Any, path: str, param: str
) -> None:
    assert any_error(await api.get(path), 422, "invalid_value")["param"] == param


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/", "/v1/nothing", "/api/v1/nothing", f"{PATH}/", "/api", "/health/well", "/ws/x"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_route_is_404(
    api: httpx2.AsyncClient, any_error: Any, method: str, path: str
) -> None:
    any_error(await api.request(method, path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", PATH, "GET, POST, HEAD, OPTIONS"),
        ("POST", f"{PATH}/{NOBODY}", "GET, DELETE, HEAD, OPTIONS"),
        ("PATCH", f"/api{PATH}/{NOBODY}/transcript", "GET, HEAD, OPTIONS"),
        ("DELETE", "/v1/people/invites", "GET, POST, HEAD, OPTIONS"),
        ("GET", "/v1/auth/claim", "POST, OPTIONS"),
        ("TRACE", "/v1/me", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_method_that_is_not_there_is_405(
    api: httpx2.AsyncClient, any_error: Any, method: str, path: str, allow: str
) -> None:
    answer = await api.request(method, path)
    any_error(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allow


async def test_a_bot_that_is_not_there_is_404(
    api: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
    installation: Installation,
    any_error: Any,
) -> None:
    missing = await api.post(PATH, json={"bot_id": str(uuid4())})
    theirs = await stranger.post(PATH, json={"bot_id": str(installation.first.bot_id)})
    for answer in (missing, theirs):
        assert any_error(answer, 404, "not_found")["param"] == "bot_id"
