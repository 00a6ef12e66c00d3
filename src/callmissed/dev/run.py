"""`callmissed dev providers`: the simulated providers behind one port, until Ctrl-C."""

import asyncio

from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import Ears, Mind, Mouth, Scenario, Utterance
from callmissed.runtime.faults import StartError

KEY = "simulated-key"
IN_SETTINGS = ("sarvam", "clarifai", "openrouter", "moonshot")

TRIAL = Scenario(
    Ears(
        hear="script",
        script=(
            Utterance("What are your opening hours?"),
            Utterance("And what does a consultation cost?"),
            Utterance("क्या रविवार को भी क्लिनिक खुला है?", "hi-IN"),
            Utterance("Thank you, goodbye."),
        ),
    ),
    Mind(
        answers=(
            ("opening hours", "We are open from Monday to Friday, eight to seven."),
            ("cost", "A consultation is five hundred rupees."),
            ("रविवार", "नहीं, रविवार को क्लिनिक बंद रहता है।"),
            ("thank you", "You are welcome. Goodbye!"),
        ),
    ),
    Mouth(speak="voice"),
)
"""A caller at the sample bot: four turns, whatever is said aloud."""


def run(host: str, port: int) -> None:
    """Prints how to use and break them, then serves. Raises StartError where the port is taken."""
    try:
        asyncio.run(_serve(host, port))
    except OSError as error:
        raise StartError(
            "simulated providers",
            f"{host}:{port} cannot be listened on: {error.strerror}.",
            "Choose another with --port.",
        ) from None


async def _serve(host: str, port: int) -> None:
    async with running_providers(TRIAL, host=host, port=port) as providers:
        print(_usage(providers), flush=True)  # noqa: T201
        await asyncio.Event().wait()


def _usage(providers: Providers) -> str:
    settings = [
        line
        for name in IN_SETTINGS
        for line in (
            f"export CALLMISSED_{name.upper()}_URL={providers.url(name)}",
            f"export CALLMISSED_{name.upper()}_API_KEY={KEY}",
        )
    ]
    return "\n".join(
        [
            "# Simulated providers. In the shell that starts callmissed:",
            *settings,
            "",
            "# For servers of your own catalogue file:",
            *(f"# {name:<11}{providers.url(name)}" for name in ("ollama", "vllm", "chat", "audio")),
            "",
            "# What they delivered, what they say, how they fail:",
            f"# curl {providers.origin}/_ledger",
            f"# curl -X PUT {providers.origin}/_scenario "
            """-d '{"mind": {"reply": "Good morning.", "first_token_ms": 900}}'""",
            f"# curl -X PUT {providers.origin}/_faults "
            """-d '[{"place": "sarvam.tts", "kind": "stall", "after": 3}]'""",
            f"# curl -X PUT {providers.origin}/_faults -d '[]'",
        ]
    )
