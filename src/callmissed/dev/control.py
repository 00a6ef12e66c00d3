"""Reading the ledger and changing scenario and faults of a running simulation over HTTP."""

from typing import Any

from aiohttp import web

from callmissed.dev.faults import faults_document, faults_from
from callmissed.dev.scenario import scenario_document, scenario_from
from callmissed.dev.simulation import SIMULATION


def routes() -> list[web.RouteDef]:
    return [
        web.get("/_ledger", show_ledger),
        web.delete("/_ledger", clear_ledger),
        web.get("/_scenario", show_scenario),
        web.put("/_scenario", change_scenario),
        web.get("/_faults", show_faults),
        web.put("/_faults", set_faults),
    ]


async def show_ledger(request: web.Request) -> web.Response:
    return web.json_response(request.app[SIMULATION].ledger.document())


async def clear_ledger(request: web.Request) -> web.Response:
    request.app[SIMULATION].ledger.clear()
    return web.Response(status=204)


async def show_scenario(request: web.Request) -> web.Response:
    return web.json_response(scenario_document(request.app[SIMULATION].scenario))


async def change_scenario(request: web.Request) -> web.Response:
    """What the body names changes; the rest stays as it is."""
    simulation = request.app[SIMULATION]
    try:
        simulation.scenario = scenario_from(await _object(request), simulation.scenario)
    except ValueError as error:
        return web.Response(status=422, text=str(error))
    return await show_scenario(request)


async def show_faults(request: web.Request) -> web.Response:
    return web.json_response(faults_document(request.app[SIMULATION].faults.faults))


async def set_faults(request: web.Request) -> web.Response:
    """The body, a list, is all that goes wrong from now on."""
    try:
        request.app[SIMULATION].set_faults(faults_from(await _object(request)))
    except ValueError as error:
        return web.Response(status=422, text=str(error))
    return await show_faults(request)


async def _object(request: web.Request) -> Any:
    return await request.json()
