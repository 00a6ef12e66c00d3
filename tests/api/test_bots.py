"""`/v1/bots`: made, drafted, published, brought back; and what a session keeps of it."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from callmissed.domain.workers import Claim
from callmissed.services import calls
from tests.api.conftest import Installation
from tests.stories import rows

PATH = "/v1/bots"
PROMPT = "You are the front desk of Acme Clinic."


async def make(api: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    body = {"name": "Reception", "system_prompt": PROMPT, **fields}
    answer = await api.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_the_example_of_the_documentation_works(api: httpx2.AsyncClient) -> None:
    body = {"name": "Reception Agent", "type": "inbound_call", "system_prompt": PROMPT}
    answer = await api.post("/api/v1/bots", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["type"], made["version"], made["has_draft"]) == ("inbound_call", 1, False)
    assert (await api.get(f"{PATH}/{made['id']}")).json() == made
    listed = (await api.get(PATH, params={"type": "inbound_call"})).json()
    assert made in listed and {one["type"] for one in listed} == {"inbound_call"}


async def test_everything_that_is_written_is_read_back(api: httpx2.AsyncClient) -> None:
    base = (await api.post("/v1/knowledge-bases", json={"name": "Prices"})).json()
    menu = {
        "prompt": "For billing press one.",
        "options": [
            {"digit": "1", "words": ["billing"], "goal": "agent"},
            {
                "digit": "2",
                "menu": {"prompt": "Again.", "options": [{"digit": "0", "goal": "back"}]},
            },
        ],
    }
    fields = {
        "greeting": "Hello from {{place}}.",
        "consent_notice": "This call is recorded.",
        "language": "en-GB",
        "knowledge_base_ids": [base["id"]],
        "variables": {"place": "Pune"},
        "turn_taking": {"wait_ms": 500},
        "tools": [
            {"type": "end_call"},
            {"type": "collect_details", "slots": [{"name": "phone", "type": "phone"}]},
        ],
        "hand_off": {"keywords": ["manager"], "phone_numbers": ["+919876543210"]},
        "post_call": {"outcomes": ["booked"], "extraction_schema": {"type": "object"}},
        "ivr_menu": menu,
        "latency_budgets_ms": {"end_of_turn": 700, "llm_first_token": 400},
        "sound_in": {"guard": False, "level": True, "filter_noise": True},
    }
    made = await make(api, type="ivr", **fields)
    for name, value in fields.items():
        assert _holds(made[name], value), name


async def test_a_draft_answers_nobody_until_it_is_published(api: httpx2.AsyncClient) -> None:
    bot = await make(api, greeting="One.")
    place = f"{PATH}/{bot['id']}"
    assert (await api.get(f"{place}/draft")).status_code == 404
    draft = (await api.patch(f"{place}/draft", json={"greeting": "Two."})).json()
    assert (draft["greeting"], draft["system_prompt"]) == ("Two.", PROMPT)
    again = (await api.patch(f"{place}/draft", json={"consent_notice": "Recorded."})).json()
    assert (again["greeting"], again["consent_notice"]) == ("Two.", "Recorded.")
    standing = (await api.get(place)).json()
    assert (standing["greeting"], standing["version"], standing["has_draft"]) == ("One.", 1, True)
    published = (await api.post(f"{place}/publish")).json()
    assert (published["greeting"], published["version"]) == ("Two.", 2)
    assert published["has_draft"] is False
    assert (await api.post(f"{place}/publish")).status_code == 404


async def test_an_old_version_can_be_brought_back(api: httpx2.AsyncClient) -> None:
    bot = await make(api, greeting="One.")
    place = f"{PATH}/{bot['id']}"
    await api.patch(f"{place}/draft", json={"greeting": "Two."})
    await api.post(f"{place}/publish")
    await api.patch(f"{place}/draft", json={"greeting": "Three."})
    restored = (await api.post(f"{place}/versions/1/restore")).json()
    assert (restored["version"], restored["greeting"], restored["has_draft"]) == (3, "One.", True)
    answer = await api.get(f"{place}/versions")
    told = [(one["version"], one["greeting"], one["restored_from"]) for one in answer.json()]
    assert told == [(3, "One.", 1), (2, "Two.", None), (1, "One.", None)]
    assert answer.headers["X-Total-Count"] == "3"
    assert (await api.get(f"{place}/versions/4")).status_code == 404
    assert (await api.get(f"{place}/versions/2")).json()["greeting"] == "Two."


async def test_a_session_keeps_the_version_it_began_with(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    bot = await make(api, greeting="Old {{who}}.", variables={"who": "desk"}, consent_notice="Rec.")
    place = f"{PATH}/{bot['id']}"
    session = (await api.post("/v1/voice/sessions", json={"bot_id": bot["id"]})).json()
    await api.patch(f"{place}/draft", json={"greeting": "New.", "system_prompt": "New."})
    await api.post(f"{place}/publish")
    await api.delete(place)
    database = installation.house.database
    change = f"update voice_sessions set epoch = 1 where id = '{session['id']}' returning tenant_id"
    ((tenant_id,),) = await rows(database, change)
    claim = Claim(UUID(session["id"]), tenant_id, epoch=1)
    async with database.system() as db:
        terms = await calls.load_terms(db, installation.house.vault, claim)
    assert (terms.system_prompt, terms.greeting) == (PROMPT, "Old desk. Rec.")
    assert terms.private_words == ()
    assert (await api.get(place)).status_code == 404
    gone = await api.post("/v1/voice/sessions", json={"bot_id": bot["id"]})
    assert gone.status_code == 404


async def test_the_same_request_twice_makes_one_bot(api: httpx2.AsyncClient) -> None:
    headers, body = {"Idempotency-Key": uuid4().hex}, {"name": "Once", "system_prompt": "Hi."}
    first = await api.post(PATH, json=body, headers=headers)
    second = await api.post(PATH, json=body, headers=headers)
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    other = await api.post(PATH, json={**body, "name": "Twice"}, headers=headers)
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"llm_model": "no-such-model"}, 422, "llm_model"),
        ({"voice": "nobody"}, 422, "voice"),
        ({"language": "xx-YY"}, 422, "language"),
        ({"system_prompt": "x" * 50_001}, 422, "system_prompt"),
        ({"tools": [{"type": "http"}]}, 422, "tools.0"),
        ({"tools": [{"type": "end_call", "tool_id": str(uuid4())}]}, 422, "tools.0"),
        ({"tools": [{"type": "http", "tool_id": str(uuid4())}]}, 404, "tools"),
        ({"tools": [{"type": "end_call"}, {"type": "end_call"}]}, 422, "tools"),
        ({"tools": [{"type": "collect_details"}]}, 422, "tools"),
        ({"knowledge_base_ids": [str(uuid4())]}, 404, "knowledge_base_ids"),
        ({"hand_off": {"phone_numbers": ["12345"]}}, 422, "hand_off"),
        ({"surprise": 1}, 422, "surprise"),
    ],
)
async def test_a_bot_that_could_not_run_is_refused(
    api: httpx2.AsyncClient, fields: dict[str, Any], status: int, param: str
) -> None:
    answer = await api.post(PATH, json={"name": "Bad", "system_prompt": PROMPT, **fields})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["param"] == param


async def test_strangers_see_nothing(api: httpx2.AsyncClient, stranger: httpx2.AsyncClient) -> None:
    bot = await make(api)
    place = f"{PATH}/{bot['id']}"
    assert (await stranger.get(place)).status_code == 404
    assert (await stranger.patch(f"{place}/draft", json={})).status_code == 404
    assert (await stranger.post(f"{place}/versions/1/restore")).status_code == 404
    assert (await stranger.delete(place)).status_code == 404
    base = (await api.post("/v1/knowledge-bases", json={"name": "Ours"})).json()
    body = {"name": "Thief", "system_prompt": "x", "knowledge_base_ids": [base["id"]]}
    assert (await stranger.post(PATH, json=body)).status_code == 404


async def test_each_change_is_in_the_audit_log(api: httpx2.AsyncClient) -> None:
    bot = await make(api)
    place = f"{PATH}/{bot['id']}"
    await api.patch(place, json={"name": "Renamed"})
    await api.patch(f"{place}/draft", json={"greeting": "Hi."})
    await api.delete(f"{place}/draft")
    await api.patch(f"{place}/draft", json={"greeting": "Hi."})
    await api.post(f"{place}/publish")
    await api.post(f"{place}/versions/1/restore")
    await api.delete(place)
    log = (await api.get("/v1/audit-log", params={"limit": 200})).json()
    told = [entry["action"] for entry in log if entry["target"] == bot["id"]]
    assert told[::-1] == [
        "bot.created",
        "bot.renamed",
        "bot.drafted",
        "bot.draft_discarded",
        "bot.drafted",
        "bot.published",
        "bot.restored",
        "bot.deleted",
    ]


def _holds(shown: Any, written: Any) -> bool:
    """Whether everything written is shown; defaults may stand beside it."""
    if isinstance(written, dict):
        return all(_holds(shown[name], value) for name, value in written.items())
    if isinstance(written, list):
        pairs = zip(shown, written, strict=True)
        return all(_holds(one, other) for one, other in pairs)
    return bool(shown == written)
