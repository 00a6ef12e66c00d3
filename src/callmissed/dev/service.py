"""`callmissed dev service`: the small business that the templates' tools ask, kept in memory.

Appointments, orders, callbacks and tickets, in plain JSON over HTTP. Asked twice with one
`Idempotency-Key` it does a thing once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from callmissed.runtime.faults import StartError

MAX_BODY_BYTES = 64_000
TIMES = ("10:00", "11:30", "15:00", "17:30")
ORDERS: dict[str, dict[str, str]] = {
    "GB1042": {"state": "on its way", "delivery": "tomorrow before noon"},
    "GB1043": {"state": "delivered", "delivery": "yesterday"},
    "GB1044": {"state": "packed", "delivery": "in two days"},
}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Business:
    """What was booked and noted since the start; `answered` by idempotency key."""

    appointments: dict[tuple[str, str], str] = field(default_factory=dict)
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    tickets: list[dict[str, Any]] = field(default_factory=list)
    answered: dict[str, web.Response] = field(default_factory=dict)

    async def show_free(self, request: web.Request) -> web.Response:
        day = request.match_info["day"]
        free = [time for time in TIMES if (day, time) not in self.appointments]
        return web.json_response({"day": day, "free": free})

    async def book(self, request: web.Request) -> web.Response:
        asked = await _read(request, "day", "time", "name", "phone")
        place = (asked["day"], asked["time"])
        if asked["time"] not in TIMES or place in self.appointments:
            return web.json_response({"error": "this time is not free"}, status=409)
        self.appointments[place] = asked["name"]
        return web.json_response({"booked": f"{place[0]} at {place[1]}"}, status=201)

    async def show_order(self, request: web.Request) -> web.Response:
        order = ORDERS.get(request.match_info["number"].upper())
        if order is None:
            return web.json_response({"error": "there is no such order"}, status=404)
        return web.json_response(order)

    async def note_callback(self, request: web.Request) -> web.Response:
        self.callbacks.append(await _read(request, "name", "phone", "about"))
        return web.json_response({"noted": True}, status=201)

    async def file_ticket(self, request: web.Request) -> web.Response:
        self.tickets.append(await _read(request, "summary", "urgency", "name", "phone"))
        return web.json_response({"ticket": f"T-{1000 + len(self.tickets)}"}, status=201)

    def once(self, answer: Answer) -> Answer:
        """The same answer for the same `Idempotency-Key`."""

        async def answer_once(request: web.Request) -> web.StreamResponse:
            key = request.headers.get("Idempotency-Key", "")
            if known := self.answered.get(key):
                return web.Response(body=known.body, status=known.status, headers=known.headers)
            given = await answer(request)
            if key and isinstance(given, web.Response) and given.status < 300:
                self.answered[key] = given
            return given

        return answer_once


@asynccontextmanager
async def running_service(
    host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[tuple[str, Business]]:
    """Its address and what it knows, until the block ends. Raises OSError for a taken port."""
    business = Business()
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_get("/appointments/free/{day}", business.show_free)
    app.router.add_post("/appointments", business.once(business.book))
    app.router.add_get("/orders/{number}", business.show_order)
    app.router.add_post("/callbacks", business.once(business.note_callback))
    app.router.add_post("/tickets", business.once(business.file_ticket))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0][1]
        yield f"http://{host}:{bound}", business
    finally:
        await runner.cleanup()


def run(host: str, port: int) -> None:
    """Prints how to use it, then serves. Raises StartError where the port is taken."""
    try:
        asyncio.run(_serve(host, port))
    except OSError as error:
        raise StartError(
            "sample service",
            f"{host}:{port} cannot be listened on: {error.strerror}.",
            "Choose another with --port.",
        ) from None


async def _serve(host: str, port: int) -> None:
    async with running_service(host, port) as (url, _):
        print(  # noqa: T201
            "# The sample service of the templates. In the shell that starts callmissed:\n"
            f"export CALLMISSED_OUTBOUND_ALLOW={host}/32\n"
            "# Then make a bot that asks it:\n"
            "# curl -X POST $URL/v1/bots/from-template -H 'Authorization: Bearer $KEY' "
            f'-d \'{{"template": "reception", "service_url": "{url}"}}\'',
            flush=True,
        )
        await asyncio.Event().wait()


async def _read(request: web.Request, *names: str) -> dict[str, str]:
    """Raises HTTPUnprocessableEntity for a body without one of the names."""
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or not all(isinstance(body.get(name), str) for name in names):
        raise web.HTTPUnprocessableEntity(text=f"needed: {', '.join(names)}")
    return {name: body[name] for name in names}
