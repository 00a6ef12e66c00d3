"""Requests are counted by the template of their route, never by what a stranger wrote."""

from uuid import uuid4

from callmissed.api.app import create_app
from callmissed.api.request_metrics import RequestMetrics
from callmissed.runtime.metrics import Board
from tests.api.conftest import Installation, client_of

SESSION = "/v1/voice/sessions/{session_id}"


async def test_requests_are_counted_by_route_and_status(installation: Installation) -> None:
    board = Board("api")
    app = create_app(installation.house, RequestMetrics(board).note)

    def count(**labels: str) -> float | None:
        return board.registry.get_sample_value("callmissed_http_requests_total", labels)

    async with client_of(app, installation.key) as client:
        for prefix in ("", "/api"):
            await client.get(f"{prefix}/v1/voice/sessions/{uuid4()}")
        await client.post("/v1/voice/sessions", json={"nonsense": True})
        await client.request("BREW", "/v1/coffee/of/somebody")
        await client.get("/a-page-of-nobody")
        await client.get("/v1/nothing/here")
    async with client_of(app) as client:
        await client.get("/v1/bots")
    assert count(method="GET", route=SESSION, status="404") == 2
    assert count(method="POST", route="/v1/voice/sessions", status="422") == 1
    assert count(method="GET", route="/v1/bots", status="401") == 1
    took = {"method": "GET", "route": SESSION}
    assert board.registry.get_sample_value("callmissed_http_request_seconds_count", took) == 2
    labels = [
        sample.labels
        for family in board.registry.collect()
        for sample in family.samples
        if "route" in sample.labels
    ]
    assert {one["method"] for one in labels} <= {"GET", "POST", "other"}
    routes = {one["route"] for one in labels}
    assert not any("nobody" in route or "coffee" in route or "nothing" in route for route in routes)
    assert "other" in routes
