"""An installation whose Sarvam, Clarifai and OpenRouter are simulated, and callers who speak tones.

A caller's words arrive as sound and are read out of it by the simulated recogniser; what the agent
says is read out of what the caller's side really heard.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np

from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import Scenario
from callmissed.dev.tones import decode, encode, heard_words
from tests.e2e.caller import PATIENCE_S, Customer, is_listening, said
from tests.servers import Installation, running_installation, short_folder
from tests.transports.room_callers import RATE_HZ, RoomCaller

KEY = "a-key-of-the-simulated-vendors"
VENDORS = ("sarvam", "clarifai", "openrouter")
GREETING = "Hello! Good morning, how is my doctor today?"


@asynccontextmanager
async def simulated_installation(
    scenario: Scenario, **settings: str
) -> AsyncIterator[tuple[Installation, Providers]]:
    """A whole `callmissed up` that reaches the simulators with platform keys."""
    async with running_providers(scenario) as sims:
        for vendor in VENDORS:
            settings[f"CALLMISSED_{vendor.upper()}_URL"] = sims.url(vendor)
            settings[f"CALLMISSED_{vendor.upper()}_API_KEY"] = KEY
        with short_folder() as folder:
            running = running_installation(folder, **settings)
            # Started here, since it ends with the thread that started it; ended beside the
            # simulators, which its calls still talk to.
            installation = running.__enter__()
            try:
                yield installation, sims
            finally:
                await asyncio.to_thread(running.__exit__, None, None, None)


BREATH_S = 0.8
ARRIVAL_S = 3.0


async def speak(caller: RoomCaller, words: str) -> str:
    """Says the words in tones; the answer's caption when the agent has said it.

    Behind a breath: tones right behind those of the agent are like an echo of them.
    """
    before = len(said(caller))
    breath = np.zeros(int(BREATH_S * RATE_HZ), np.int16)
    await caller.say(np.concatenate([breath, encode(words, RATE_HZ)]))
    await caller.until(lambda one: len(said(one)) > before and is_listening(one), PATIENCE_S)
    return said(caller)[-1]


def words_played(caller: RoomCaller, since_s: float = 0.0) -> list[str]:
    """The words that the caller was played after an instant, read out of the sound."""
    pieces = [pcm for begins_s, _, pcm in caller.heard if begins_s >= since_s]
    sound = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
    return [heard.word for heard in decode(sound, RATE_HZ)]


async def hear_words(caller: RoomCaller, texts: Iterable[str], since_s: float = 0.0) -> list[str]:
    """The words that the caller was played, as soon as they are as many as the texts have: the last
    ones come behind the news that the agent has said them, out of the caller's jitter buffer.
    """
    count = len(words_written(texts))
    with suppress(TimeoutError):
        await caller.until(lambda one: len(words_played(one, since_s)) >= count, ARRIVAL_S)
    return words_played(caller, since_s)


def words_written(texts: Iterable[str]) -> list[str]:
    """How the words of these texts sound, one after the other."""
    return [word for text in texts for word in heard_words(text)]


async def finished_turns(customer: Customer, session_id: str, count: int) -> list[dict[str, Any]]:
    """The session's turns once it has so many."""
    await customer.until(session_id, lambda one: one["turn_count"] == count)
    return await customer.turns(session_id)
