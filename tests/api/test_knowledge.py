"""Knowledge bases and documents through the API: given, listed, found, deleted."""

from typing import Any
from uuid import UUID, uuid4

import httpx2

from callmissed.runtime.reading import read_document
from tests import documents
from tests.api.conftest import Installation

BASES = "/v1/knowledge-bases"


async def a_base(api: httpx2.AsyncClient, name: str = "School") -> str:
    made = await api.post(BASES, json={"name": name})
    assert made.status_code == 201, made.text
    base_id: str = made.json()["id"]
    return base_id


async def upload(
    api: httpx2.AsyncClient, base: str, name: str, data: bytes, **headers: str
) -> httpx2.Response:
    files = {"file": (name, data, "application/octet-stream")}
    return await api.post(f"{BASES}/{base}/uploads", files=files, headers=headers)


async def read(installation: Installation, document: dict[str, Any]) -> None:
    tenant = installation.first.tenant_id
    await read_document(installation.house, tenant, UUID(document["id"]), document["version"])


async def test_a_base_is_made_renamed_and_deleted(api: httpx2.AsyncClient) -> None:
    base = await a_base(api)
    renamed = await api.patch(f"{BASES}/{base}", json={"name": "Hill School"})
    assert renamed.json()["name"] == "Hill School"
    listed = await api.get(BASES)
    assert renamed.json() in listed.json() and int(listed.headers["x-total-count"]) >= 2
    assert (await api.delete(f"{BASES}/{base}")).status_code == 204
    assert (await api.get(f"{BASES}/{base}")).status_code == 404


async def test_a_base_names_only_models_that_can_be_reached(
    api: httpx2.AsyncClient, any_error: Any
) -> None:
    shipped = "openrouter/openai/text-embedding-3-small"
    for unknown in (shipped, "kimi-k2.5", "x"):
        body = {"name": "School", "embedding_model": unknown}
        error = any_error(await api.post(BASES, json=body), 422, "model_not_available")
        assert error["param"] == "embedding_model" and unknown in error["message"]
    base = await a_base(api)
    shown = (await api.get(f"{BASES}/{base}")).json()
    assert (shown["embedding_model"], shown["vector_count"]) == (None, 0)
    refused = await api.patch(f"{BASES}/{base}", json={"embedding_model": shipped})
    any_error(refused, 422, "model_not_available")
    kept = await api.patch(f"{BASES}/{base}", json={"embedding_model": None})
    assert kept.json() == shown


async def test_an_uploaded_file_is_found_when_it_was_read(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    base = await a_base(api)
    given = await upload(api, base, "C:\\routes\\school.pdf", documents.pdf())
    assert given.status_code == 202, given.text
    assert given.json()["name"] == "school.pdf" and given.json()["state"] == "waiting"
    await read(installation, given.json())
    seen = (await api.get(f"{BASES}/{base}/documents/{given.json()['id']}")).json()
    assert (seen["state"], seen["progress_percent"]) == ("indexed", 100)
    question = {"question": "how much is the south line per month"}
    found = (await api.post(f"{BASES}/{base}/search", json=question)).json()["found"]
    assert found[0]["record"]["Fee per month"] == "1,800" and found[0]["page"] == 1
    assert "south" in found[0]["why"]


async def test_the_next_question_may_point_back(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    base = await a_base(api)
    await read(installation, (await upload(api, base, "a.csv", documents.CSV)).json())
    asked = {"question": "and who teaches it?", "earlier": ["tell me about class two"]}
    found = (await api.post(f"{BASES}/{base}/search", json=asked)).json()["found"]
    assert found[0]["record"]["Teacher"] == "Vikram Das"


async def test_a_file_that_nobody_can_read_is_refused_at_once(
    api: httpx2.AsyncClient, any_error: Any
) -> None:
    base = await a_base(api)
    error = any_error(
        await upload(api, base, "a.pdf", b"\x89PNG\r\n\x1a\n" + bytes(99)), 422, "invalid_value"
    )
    assert error["param"] == "file" and "image/png" in error["message"]
    any_error(await upload(api, base, "a.md", b""), 422, "invalid_value")
    any_error(await upload(api, base, "a.txt", b"a" * (26 << 20)), 413, "too_large")
    bare = await api.post(f"{BASES}/{base}/uploads", content=b"{}")
    any_error(bare, 422, "invalid_value")


async def test_the_same_key_gives_the_same_document(
    api: httpx2.AsyncClient, any_error: Any
) -> None:
    base, key = await a_base(api), str(uuid4())
    again = {"Idempotency-Key": key}
    first = await upload(api, base, "a.csv", documents.CSV, **again)
    second = await upload(api, base, "a.csv", documents.CSV, **again)
    assert second.json()["id"] == first.json()["id"] and second.json()["version"] == 1
    assert second.headers["idempotent-replayed"] == "true"
    other = await upload(api, base, "a.csv", documents.CSV + b"x,y,z\n", **again)
    any_error(other, 422, "idempotency_mismatch")


async def test_text_and_urls_are_documents_too(
    api: httpx2.AsyncClient, installation: Installation, any_error: Any
) -> None:
    base = await a_base(api)
    place = f"{BASES}/{base}/documents"
    given = await api.post(place, json={"name": "a.md", "text": documents.MARKDOWN})
    assert given.status_code == 202 and given.json()["origin"] == "text"
    await read(installation, given.json())
    both = await api.post(place, json={"name": "b", "text": "x", "url": "https://example.com"})
    any_error(both, 422, "invalid_value")
    inside = await api.post(place, json={"name": "b", "url": "http://127.0.0.1/"})
    assert any_error(inside, 422, "invalid_value")["param"] == "url"
    again = await api.post(f"{place}/{given.json()['id']}/retry")
    assert again.status_code == 202 and again.json()["state"] == "waiting"
    any_error(await api.post(f"{place}/{given.json()['id']}/retry"), 409, "conflict")


async def test_strangers_find_nothing(
    api: httpx2.AsyncClient, stranger: httpx2.AsyncClient, any_error: Any
) -> None:
    base = await a_base(api)
    given = (await upload(api, base, "a.csv", documents.CSV)).json()
    for answer in (
        await stranger.get(f"{BASES}/{base}"),
        await stranger.get(f"{BASES}/{base}/documents"),
        await stranger.get(f"{BASES}/{base}/documents/{given['id']}"),
        await stranger.post(f"{BASES}/{base}/search", json={"question": "Asha"}),
        await upload(stranger, base, "a.csv", documents.CSV),
    ):
        any_error(answer, 404, "not_found")
