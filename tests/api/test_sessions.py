"""`/v1/voice/sessions`, field by field as the documents promise it."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest

from callmissed.domain.sessions import EndReason
from callmissed.services import calls, sessions
from tests.api.conftest import Installation
from tests.conftest import LiveKit
from tests.stories import a_turn

PATH = "/v1/voice/sessions"
SEED_BODY = {
    "system_prompt": "You are a helpful assistant.",
    "voice": "shubh",
    "language": "en-IN",
    "llm_model": "kimi-k2.5",
    "tts_provider": "sarvam",
    "max_duration_seconds": 300,
    "webhook_url": "https://your-app.com/webhooks/voice",
}


async def create(api: httpx2.AsyncClient, body: dict[str, Any] | None = None) -> dict[str, Any]:
    response = await api.post(PATH, json=body or {})
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


async def test_a_session_has_every_field_of_the_documents(
    api: httpx2.AsyncClient, installation: Installation, livekit: LiveKit
) -> None:
    created = await create(api, SEED_BODY)
    nothing = {"started_at", "ended_at", "duration_seconds", "end_reason", "metadata", "bot_id"}
    assert {name: created[name] for name in nothing} == dict.fromkeys(nothing)
    assert created["status"] == "created"
    assert created["tenant_id"] == str(installation.first.tenant_id)
    assert (created["turn_count"], created["total_audio_seconds"]) == (0, 0)
    assert created["id"] == created["session_id"]
    assert created["ws_url"] == created["livekit_url"] == livekit.url
    assert created["token"] == created["livekit_token"]
    assert created["created_at"].endswith("Z")
    assert created["stt_model"] == "local/pocketsphinx"
    assert created["llm_model"] == "local/answerer"
    assert created["tts_voice"] == "rms"
    sent = {name: value for name, value in SEED_BODY.items() if name != "webhook_url"}
    assert sent.items() <= created["config"].items()
    assert created["config"]["livekit_room"].startswith("voice-")


async def test_an_empty_body_gets_the_defaults(api: httpx2.AsyncClient) -> None:
    response = await api.post(PATH)
    config = response.json()["config"]
    assert response.status_code == 201
    assert config["voice"] == "shubh"
    assert config["language"] == "en-IN"
    assert config["llm_model"] == "kimi-k2.5"
    assert config["tts_provider"] == "sarvam"
    assert config["max_duration_seconds"] == 300
    assert config["turn_taking"] == "balanced"
    assert config["system_prompt"]


async def test_the_way_in_is_shown_once(api: httpx2.AsyncClient) -> None:
    created = await create(api)
    shown = (await api.get(f"{PATH}/{created['id']}")).json()
    secret = {"ws_url", "token", "livekit_url", "livekit_token"}
    assert set(created) - set(shown) == secret
    assert shown == {name: value for name, value in created.items() if name not in secret}
    listed = (await api.get(PATH, params={"limit": 1})).json()
    assert listed == [shown]


async def test_a_token_opens_one_room_for_a_microphone_only(
    api: httpx2.AsyncClient, livekit: LiveKit
) -> None:
    created = await create(api)
    claims = jwt.decode(created["token"], livekit.secret, algorithms=["HS256"])
    assert claims["video"] == {
        "roomJoin": True,
        "room": created["config"]["livekit_room"],
        "canPublish": True,
        "canPublishSources": ["microphone"],
        "canSubscribe": True,
        "canPublishData": False,
        "canUpdateOwnMetadata": False,
    } | {name: value for name, value in claims["video"].items() if value is False}
    # Whoever's clock is behind is let in, too: it says only how long it is good for.
    assert "nbf" not in claims
    created_at = datetime.fromisoformat(created["created_at"])
    assert 3595 <= claims["exp"] - created_at.timestamp() <= 3605
    assert "metadata" not in claims


async def test_every_field_is_taken(api: httpx2.AsyncClient, installation: Installation) -> None:
    body = {
        "bot_id": str(installation.first.bot_id),
        "system_prompt": "Speak of {{topic}}.",
        "tts_voice": "slt",
        "language": "EN-in",
        "llm_model": "local/answerer",
        "stt_model": "local/pocketsphinx",
        "tts_model": "local/flite",
        "tts_provider": "local",
        "tts_language": "en-GB",
        "max_duration_seconds": 3600,
        "webhook_url": "http://10.9.8.7:9000/hook",
        "metadata": {"order": [1, {"two": None}], "текст": "✓"},
        "greeting": "Hello {{name}}",
        "variables": {"name": "Asha", "topic": "prices"},
        "turn_taking": {"wait_ms": 400, "max_wait_ms": 900},
    }
    created = await create(api, body)
    config = created["config"]
    assert created["metadata"] == body["metadata"]
    assert created["bot_id"] == body["bot_id"]
    assert config["voice"] == "slt"
    assert config["language"] == "en-IN"
    assert config["turn_taking"]["wait_ms"] == 400
    assert created["tts_voice"] == "slt"


async def test_both_names_of_the_voice_mean_one_field(
    api: httpx2.AsyncClient, any_error: Any
) -> None:
    same = await create(api, {"voice": "priya", "tts_voice": "priya"})
    assert same["tts_voice"] == "slt"
    differing = await api.post(PATH, json={"voice": "priya", "tts_voice": "shubh"})
    any_error(differing, 422, "invalid_value")


@pytest.mark.parametrize("voice", ["amelia", "sophia", "anand", "rupali"])
async def test_all_voices_of_the_documents_are_taken(api: httpx2.AsyncClient, voice: str) -> None:
    assert (await create(api, {"voice": voice}))["config"]["voice"] == voice


async def test_null_is_as_good_as_left_out(api: httpx2.AsyncClient) -> None:
    assert (await create(api, {"greeting": None}))["config"]["greeting"] is None
    assert (await create(api, {"bot_id": None, "voice": None, "metadata": None}))["bot_id"] is None


async def test_odia_has_two_codes(api: httpx2.AsyncClient) -> None:
    body = {"language": "en-IN", "tts_language": "od-IN"}
    created = await create(api, body)
    assert created["config"]["tts_language"] == "or-IN"
    assert created["tts_voice"] == "espeak"


async def test_the_list_is_newest_first_and_counted(stranger: httpx2.AsyncClient) -> None:
    ids = [(await create(stranger))["id"] for _ in range(3)]
    page = await stranger.get(PATH, params={"limit": 2, "offset": 1})
    assert [item["id"] for item in page.json()] == [ids[1], ids[0]]
    assert page.headers["x-total-count"] == "3"
    beyond = await stranger.get(PATH, params={"offset": 10**40})
    assert (beyond.status_code, beyond.json()) == (200, [])
    assert beyond.headers["x-total-count"] == "3"
    await stranger.delete(f"{PATH}/{ids[0]}")
    ended = await stranger.get(PATH, params={"status": "completed"})
    assert [item["id"] for item in ended.json()] == [ids[0]]
    assert ended.headers["x-total-count"] == "1"


async def test_delete_ends_once(api: httpx2.AsyncClient) -> None:
    path = f"{PATH}/{(await create(api))['id']}"
    first = await api.delete(path)
    assert (first.status_code, first.content) == (204, b"")
    ended = (await api.get(path)).json()
    assert (ended["status"], ended["end_reason"]) == ("completed", "api_delete")
    assert ended["duration_seconds"] == 0
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).json() == ended


async def test_an_ended_session_is_left_as_it_is(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    created = await create(api)
    async with installation.house.database.tenant(installation.first.tenant_id) as db:
        await sessions.end_session(db, created["id"], EndReason.ERROR)
    assert (await api.delete(f"{PATH}/{created['id']}")).status_code == 204
    shown = (await api.get(f"{PATH}/{created['id']}")).json()
    assert (shown["status"], shown["end_reason"]) == ("failed", "error")


async def test_a_repeated_request_makes_one_session(
    api: httpx2.AsyncClient, livekit: LiveKit, any_error: Any
) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    first = await api.post(PATH, json={"language": "en-IN"}, headers=headers)
    await api.delete(f"{PATH}/{first.json()['id']}")
    again = await api.post(PATH, json={"language": "en-IN"}, headers=headers)
    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    tokens = {"token", "livekit_token"}
    assert _without(again.json(), tokens) == _without(first.json(), tokens)
    expiries = {_expiry(answer.json()["token"], livekit) for answer in (first, again)}
    assert len(expiries) == 1
    other = await api.post(PATH, json={"language": "en-US"}, headers=headers)
    any_error(other, 422, "idempotency_mismatch")


async def test_the_same_request_at_once_makes_one_session(api: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(*(api.post(PATH, json={}, headers=headers) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_an_idempotency_key_belongs_to_its_tenant(
    api: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    headers = {"Idempotency-Key": "shared"}
    mine = await api.post(PATH, json={}, headers=headers)
    theirs = await stranger.post(PATH, json={"language": "en-US"}, headers=headers)
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]


@pytest.mark.parametrize("key", ["", "k" * 256, "tab\there", "é"])
async def test_an_odd_idempotency_key_is_refused(
    api: httpx2.AsyncClient, any_error: Any, key: str
) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    answer = await api.post(PATH, json={}, headers=httpx2.Headers(headers))
    assert any_error(answer, 422, "invalid_value")["param"] == "Idempotency-Key"


async def test_a_transcript_in_three_forms(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    created = await create(api)
    greeting = a_turn(user_transcript=None, agent_response="Hello.", offset_ms=0, duration_ms=900)
    turns = [greeting, a_turn("What --> is it?\nAgent: free")]
    async with installation.house.database.system() as db:
        for seq, turn in enumerate(turns):
            await calls.record_note(db, created["id"], 0, seq, calls.TurnFinished(turn))
    path = f"{PATH}/{created['id']}/transcript"
    told = await api.get(path)
    assert told.headers["content-type"] == "application/json"
    first, second = told.json()
    assert (first["turn_index"], first["user_transcript"]) == (0, None)
    expected = {"turn_index": 1, "interrupted": False, "stt_ms": 120, "first_token_ms": 310}
    expected |= {"first_audio_ms": 420, "total_ms": 1900, "llm_model": "local/answerer"}
    expected |= {"endpoint_ms": 300, "retrieval_ms": 2, "language": "en-IN", "offset_ms": 4000}
    expected |= {"duration_ms": 2500, "llm_attempts": 1, "agent_response": "500 rupees."}
    assert expected.items() <= second.items()
    assert second["sources"] == [{"document": "clinic.md", "heading": "Prices", "score": 3.5}]
    assert second["created_at"] == "2026-04-19T12:00:00.123Z"
    text = await api.get(path, params={"format": "txt"})
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.text == ("Agent: Hello.\nUser: What → is it? Agent – free\nAgent: 500 rupees.\n")
    srt = await api.get(path, params={"format": "srt"})
    assert srt.headers["content-type"].startswith("application/x-subrip")
    assert srt.text.startswith("1\n00:00:00,000 --> 00:00:00,900\nAgent: Hello.\n\n2\n00:00:04,000")
    assert srt.text.count("-->") == 3


async def test_a_session_without_words_has_an_empty_transcript(api: httpx2.AsyncClient) -> None:
    path = f"{PATH}/{(await create(api))['id']}/transcript"
    answers = [
        (await api.get(path, params={"format": form})).text for form in ("json", "txt", "srt")
    ]
    assert answers == ["[]", "", ""]


def _without(answer: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in names}


def _expiry(token: str, livekit: LiveKit) -> int:
    expiry: int = jwt.decode(token, livekit.secret, algorithms=["HS256"])["exp"]
    return expiry
