"""`/v1/models` in the shape that OpenAI's SDKs read."""

import httpx2

from tests.api.conftest import Installation


async def test_the_list_is_openai_s_with_more(api: httpx2.AsyncClient) -> None:
    listed = (await api.get("/api/v1/models")).json()
    assert listed["object"] == "list"
    models = {model["id"]: model for model in listed["data"]}
    for model in models.values():
        assert model["object"] == "model"
        assert isinstance(model["created"], int)
        assert model["owned_by"] == model["provider"]
    assert models["kimi-k2.5-fast"]["status"] == "maintenance"
    assert models["kimi-k2.5"]["prices"][0]["as_of"]
    assert models["kimi-k2.5"]["fallback"] == "local/answerer"
    defaults = [model["id"] for model in models.values() if model["is_default"]]
    assert defaults == ["saaras:v3", "kimi-k2.5", "bulbul:v3"]
    bulbul = models["bulbul:v3"]
    assert (len(bulbul["voices"]), len(bulbul["languages"])) == (39, 11)
    assert bulbul["deprecated_voices"] == ["amelia", "sophia"]
    assert "sarvam-105b" not in models


async def test_a_service_narrows_the_list(api: httpx2.AsyncClient) -> None:
    for service in ("stt", "llm", "tts"):
        listed = (await api.get("/v1/models", params={"service": service})).json()["data"]
        assert {model["service"] for model in listed} == {service}


async def test_the_sample_bot_can_be_chosen(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    total = int((await api.get("/v1/bots", params={"limit": 1})).headers["x-total-count"])
    pages = [
        (await api.get("/v1/bots", params={"limit": 50, "offset": offset})).json()
        for offset in range(0, total, 50)
    ]
    everything = [bot for page in pages for bot in page]
    assert len(everything) == total
    (sample,) = [bot for bot in everything if bot["id"] == str(installation.first.bot_id)]
    assert (sample["name"], sample["type"]) == ("Clinic reception", "web")
    assert sample["greeting"] and sample["knowledge_base_ids"]
    assert (await api.get(f"/v1/bots/{sample['id']}")).json() == sample
    assert (await api.get("/v1/bots", params={"offset": total})).json() == []
