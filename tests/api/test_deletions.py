"""`/v1/data-deletions`, and the end of a tenant by its owner."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from callmissed.services import deletions
from callmissed.services.deletions import Step
from tests.api.conftest import Installation, client_of

PATH = "/v1/data-deletions"


async def work_off(installation: Installation, deletion_id: Any) -> None:
    step = Step.MORE
    while step is not Step.DONE:
        async with installation.house.database.system() as db:
            step = await deletions.advance(db, deletion_id)


async def test_an_open_sessions_data_goes_and_the_call_ends(
    installation: Installation, api: httpx2.AsyncClient, any_error: Any
) -> None:
    session = (await api.post("/v1/voice/sessions", json={"metadata": {"n": 1}})).json()
    answer = await api.post(PATH, json={"session_id": session["id"]})
    assert answer.status_code == 202
    asked = answer.json()
    assert (asked["kind"], asked["status"], asked["counts"]) == ("session", "running", {})
    await work_off(installation, asked["id"])
    done = (await api.get(f"{PATH}/{asked['id']}")).json()
    assert (done["status"], done["counts"]["voice_sessions"]) == ("finished", 1)
    assert session["id"] not in str(done)
    any_error(await api.get(f"/v1/voice/sessions/{session['id']}"), 404, "not_found")
    any_error(await api.post(PATH, json={"session_id": session["id"]}), 404, "not_found")


async def test_a_callers_number_takes_their_sessions_along(
    installation: Installation, api: httpx2.AsyncClient
) -> None:
    theirs = await api.post("/v1/voice/sessions", json={"metadata": {"caller": "+91 90000 11111"}})
    others = await api.post("/v1/voice/sessions", json={"metadata": {"caller": "+919000022222"}})
    asked = (await api.post(PATH, json={"phone_number": "+919000011111"})).json()
    await work_off(installation, asked["id"])
    assert (await api.get(f"/v1/voice/sessions/{theirs.json()['id']}")).status_code == 404
    assert (await api.get(f"/v1/voice/sessions/{others.json()['id']}")).status_code == 200
    listed = await api.get(PATH, params={"limit": 1})
    assert listed.json()[0]["id"] == asked["id"]
    assert int(listed.headers["x-total-count"]) >= 1
    log = (await api.get("/v1/audit-log", params={"action": "data_deletion.requested"})).text
    assert asked["id"] in log and "9000011111" not in log


@pytest.mark.parametrize(
    "body", [{}, {"session_id": str(uuid4()), "phone_number": "+919000011111"}, {"phone": "x"}]
)
async def test_exactly_one_thing_is_named(
    api: httpx2.AsyncClient, any_error: Any, body: dict[str, str]
) -> None:
    any_error(await api.post(PATH, json=body), 422, "invalid_value")


async def test_a_stranger_neither_deletes_nor_watches(
    api: httpx2.AsyncClient, stranger: httpx2.AsyncClient, any_error: Any
) -> None:
    session = (await api.post("/v1/voice/sessions")).json()
    any_error(await stranger.post(PATH, json={"session_id": session["id"]}), 404, "not_found")
    asked = (await api.post(PATH, json={"session_id": session["id"]})).json()
    any_error(await stranger.get(f"{PATH}/{asked['id']}"), 404, "not_found")
    assert asked["id"] not in (await stranger.get(PATH)).text


async def test_a_voice_key_deletes_no_data(installation: Installation, any_error: Any) -> None:
    async with client_of(installation.app, await installation.key_with("voice")) as client:
        answer = await client.post(PATH, json={"phone_number": "+919000011111"})
        any_error(answer, 403, "permission_denied")


async def test_the_same_request_again_is_the_same_deletion(
    api: httpx2.AsyncClient, any_error: Any
) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    body = {"phone_number": "+919000033333"}
    first = await api.post(PATH, json=body, headers=headers)
    again = await api.post(PATH, json=body, headers=headers)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"
    other = await api.post(PATH, json={"phone_number": "+919000044444"}, headers=headers)
    any_error(other, 422, "idempotency_mismatch")
