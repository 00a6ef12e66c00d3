"""The sample service does what the tools of every template ask of it."""

from collections.abc import AsyncIterator, Mapping
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest_asyncio

from callmissed.api.tool_forms import ToolIn, read_tool
from callmissed.dev.service import Business, running_service
from callmissed.domain.tools import ToolCall, ToolOutcome, ToolTerms, ToolType
from callmissed.kit.bounded_json import canonical_json
from callmissed.providers.connections import Connections
from callmissed.runtime.tools import ToolRunner
from callmissed.services.bot_templates import forms_of, list_templates

GIVEN: Mapping[str, dict[str, Any]] = {
    "free_slots": {"day": "2026-12-01"},
    "book_appointment": {
        "day": "2026-12-01",
        "time": "10:00",
        "name": "Asha Rao",
        "phone": "+919876543210",
    },
    "order_status": {"order_number": "GB1042"},
    "ask_for_callback": {"name": "Asha Rao", "phone": "+919876543210", "about": "a price"},
    "file_ticket": {
        "summary": "no line",
        "urgency": "normal",
        "name": "Asha Rao",
        "phone": "+919876543210",
    },
}


@pytest_asyncio.fixture
async def service() -> AsyncIterator[tuple[str, Business]]:
    async with running_service() as running:
        yield running


async def test_every_tool_of_every_template_works(service: tuple[str, Business]) -> None:
    url, business = service
    connections = Connections([ip_network("127.0.0.0/8")])
    forms = [form for one in list_templates() for form in forms_of(one, url)]
    tools = {form["name"]: _terms(form) for form in forms}
    assert tools.keys() == GIVEN.keys()
    told = {}
    for session in (1, 1, 2):
        runner = ToolRunner(
            UUID(int=session), tuple(tools.values()), connections.guarded_session, lambda _: None
        )
        for name, arguments in GIVEN.items():
            call = ToolCall(name, canonical_json(arguments).decode())
            told[session, name] = await runner.run_tool(call)
    await connections.aclose()
    outcomes = {place: result.outcome for place, result in told.items()}
    taken = outcomes.pop((2, "book_appointment"))
    assert taken is ToolOutcome.FAILED and "not free" in told[2, "book_appointment"].text
    assert set(outcomes.values()) == {ToolOutcome.DONE}
    assert len(business.appointments) == 1
    assert len(business.callbacks) == len(business.tickets) == 2
    assert "10:00" not in told[2, "free_slots"].text


def _terms(form: Mapping[str, Any]) -> ToolTerms:
    read = read_tool(ToolIn(**form))
    return ToolTerms(
        ToolType.HTTP,
        read.name,
        read.description,
        read.parameters,
        url=read.url,
        method=read.method,
        result_path=read.result_path,
        changes_things=read.changes_things,
    )
