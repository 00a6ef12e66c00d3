"""`callmissed dev providers`: the simulated providers, until Ctrl-C."""

import asyncio

from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import Mouth, Scenario


def run(host: str, port: int) -> None:
    """Prints how to use them, then serves. Raises OSError where the port is taken."""
    asyncio.run(_serve(host, port))


async def _serve(host: str, port: int) -> None:
    async with running_providers(
        Scenario(mouth=Mouth(speak="voice")), host=host, port=port
    ) as all_:
        print(_usage(all_), flush=True)  # noqa: T201
        await asyncio.Event().wait()


def _usage(providers: Providers) -> str:
    return f"Sarvam:     {providers.sarvam_url}\nClarifai:   {providers.clarifai_url}"
