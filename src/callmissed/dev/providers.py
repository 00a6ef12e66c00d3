"""All simulated providers, running: each on a port of its own, or all behind one.

Paths are the same either way. A base URL of a vendor is what its real one is to its clients:
`sarvam_url` stands for `https://api.sarvam.ai`, `clarifai_url` for
`https://api.clarifai.com/v2/ext/openai/v1`.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web

from callmissed.dev import (
    chat,
    control,
    embeddings,
    openai_audio,
    sarvam_realtime,
    sarvam_rest,
    sarvam_stt,
    sarvam_tts,
)
from callmissed.dev.errors import openrouter_error
from callmissed.dev.faults import Fault
from callmissed.dev.ledger import Ledger
from callmissed.dev.listening import Port
from callmissed.dev.sarvam_common import Handler
from callmissed.dev.scenario import Scenario
from callmissed.dev.simulation import SIMULATION, Simulation

PATHS = {
    "sarvam": "/sarvam",
    "clarifai": "/clarifai/v2/ext/openai/v1",
    "openrouter": "/openrouter/api/v1",
    "moonshot": "/moonshot/v1",
    "ollama": "/ollama/v1",
    "vllm": "/vllm/v1",
    "chat": "/chat/v1",
    "audio": "/audio/v1",
}
"""The path of each vendor's base URL; `chat` and `audio` are OpenAI's own format, no quirks."""

MAX_BODY_BYTES = 64 << 20


class Providers:
    """The running servers. Changes take effect for the next request, turn or utterance."""

    def __init__(self, simulation: Simulation, ports: dict[str, Port], host: str) -> None:
        self._simulation = simulation
        self._ports = ports
        self._host = host
        simulation.on_faults = self._open_or_shut

    def url(self, vendor: str) -> str:
        """The base URL of a vendor of `PATHS`, without a slash at its end."""
        port = self._ports.get(vendor) or self._ports["*"]
        return f"http://{self._host}:{port.number}{PATHS[vendor]}"

    @property
    def origin(self) -> str:
        """Where `/_ledger`, `/_scenario` and `/_faults` are; every port has them."""
        port = next(iter(self._ports.values()))
        return f"http://{self._host}:{port.number}"

    @property
    def sarvam_url(self) -> str:
        return self.url("sarvam")

    @property
    def clarifai_url(self) -> str:
        return self.url("clarifai")

    @property
    def openrouter_url(self) -> str:
        return self.url("openrouter")

    @property
    def chat_url(self) -> str:
        return self.url("chat")

    @property
    def audio_url(self) -> str:
        return self.url("audio")

    @property
    def ledger(self) -> Ledger:
        return self._simulation.ledger

    @property
    def scenario(self) -> Scenario:
        return self._simulation.scenario

    @scenario.setter
    def scenario(self, scenario: Scenario) -> None:
        self._simulation.scenario = scenario

    def set_fault(self, *faults: Fault) -> None:
        """These and no others from now on; none at all heals everything."""
        self._simulation.set_faults(faults)

    def add_fault(self, fault: Fault) -> None:
        self._simulation.faults.add(fault)
        self._open_or_shut()

    def strike_open(self, fault: Fault) -> None:
        """Connections that are open at the fault's place suffer it, `fault.after` from now; others
        do not.
        """
        self._simulation.strike_open(fault)

    def _open_or_shut(self) -> None:
        for server, port in self._ports.items():
            if self._simulation.faults.refuses(server) and server != "*":
                port.refuse()
            else:
                port.accept()


@asynccontextmanager
async def running_providers(
    scenario: Scenario | None = None,
    faults: Sequence[Fault] = (),
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
) -> AsyncIterator[Providers]:
    """Runs them in this event loop until the block ends.

    With `port` all stand behind that one port (0: any), where a fault `refuse` is a reset; without
    it each vendor has a free port of its own. Raises OSError where the port is taken.
    """
    simulation = Simulation(scenario or Scenario())
    runner = web.AppRunner(build_app(simulation), handler_cancellation=True, access_log=None)
    async with AsyncExitStack() as closing:
        closing.push_async_callback(simulation.voicebox.aclose)
        await runner.setup()
        closing.push_async_callback(runner.cleanup)
        assert runner.server is not None
        ports: dict[str, Port] = {}
        for server in PATHS if port is None else ("*",):
            ports[server] = Port(runner.server, host, port or 0)
            closing.push_async_callback(ports[server].aclose)
        providers = Providers(simulation, ports, host)
        providers.set_fault(*faults)
        yield providers


@web.middleware
async def end_quietly(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A connection that was cut, here or by the client, is nothing to report."""
    try:
        return await handler(request)
    except ConnectionError:
        return web.Response()


def build_app(simulation: Simulation) -> web.Application:
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[end_quietly])
    app[SIMULATION] = simulation
    app.add_routes(control.routes())
    for routes in (
        sarvam_stt.routes,
        sarvam_realtime.routes,
        sarvam_tts.routes,
        sarvam_rest.routes,
        chat.sarvam_routes,
    ):
        app.add_routes(routes(PATHS["sarvam"]))
    for vendor in chat.VENDORS:
        app.add_routes(chat.routes(vendor, PATHS[vendor.name]))
    app.add_routes(openai_audio.routes(PATHS["audio"]))
    app.add_routes(embeddings.routes(PATHS["openrouter"], "openrouter", openrouter_error))
    for name in ("ollama", "vllm", "chat"):
        app.add_routes(embeddings.routes(PATHS[name], name))
    return app
