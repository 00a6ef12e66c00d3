"""A customer of an installation: opens sessions over REST, calls over WebRTC, reads transcripts.

`python -m tests.e2e.caller URL TOKEN` joins a room, says "joined" and stays: a caller to be killed.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from callmissed.domain.sessions import AGENT_IDENTITY, CALLER_IDENTITY
from tests.canaries import note_exchange, note_words
from tests.servers import Installation
from tests.speech.recordings import Spoken, read_recording
from tests.transports.room_callers import RoomCaller

PATIENCE_S = 60.0
POLL_S = 0.1
SESSIONS = "/v1/voice/sessions"

Json = dict[str, Any]


class Customer:
    """Who holds an API key; made by `open_customer`."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def bot_id(self) -> str:
        """The sample bot."""
        [bot] = (await self.client.get("/v1/bots")).raise_for_status().json()
        return str(bot["id"])

    async def open_session(self, **fields: object) -> Json:
        """The sample bot's, unless `fields` say otherwise; waits for a free slot."""
        body = fields if "bot_id" in fields else {"bot_id": await self.bot_id(), **fields}
        async with asyncio.timeout(PATIENCE_S):
            while (answer := await self.client.post(SESSIONS, json=body)).status_code == 503:
                await asyncio.sleep(POLL_S)
        return dict(answer.raise_for_status().json())

    async def session(self, session_id: str) -> Json:
        return dict((await self.client.get(f"{SESSIONS}/{session_id}")).raise_for_status().json())

    async def turns(self, session_id: str) -> list[Json]:
        answer = await self.client.get(f"{SESSIONS}/{session_id}/transcript")
        turns = list(answer.raise_for_status().json())
        for turn in turns:
            note_words(turn["user_transcript"])
            note_words(turn["agent_response"])
        return turns

    async def delete_session(self, session_id: str) -> None:
        (await self.client.delete(f"{SESSIONS}/{session_id}")).raise_for_status()

    async def until(
        self, session_id: str, wanted: Callable[[Json], bool], within_s: float = PATIENCE_S
    ) -> Json:
        """The session as soon as `wanted` is true of it."""
        async with asyncio.timeout(within_s):
            while not wanted(session := await self.session(session_id)):
                await asyncio.sleep(POLL_S)
        return session

    async def end_of(self, session_id: str, within_s: float = PATIENCE_S) -> Json:
        """The session when it has ended."""
        return await self.until(session_id, lambda one: one["ended_at"] is not None, within_s)


@asynccontextmanager
async def open_customer(installation: Installation) -> AsyncIterator[Customer]:
    """With the key that the installation made at its first start."""
    assert installation.api_key is not None
    headers = {"Authorization": f"Bearer {installation.api_key}"}
    client = httpx2.AsyncClient(
        base_url=installation.base_url,
        headers=headers,
        timeout=10,
        event_hooks={"response": [note_exchange]},
    )
    async with client:
        yield Customer(client)


@asynccontextmanager
async def calling(session: Json) -> AsyncIterator[RoomCaller]:
    """In the session's room until the end of the block."""
    caller = RoomCaller()
    try:
        await caller.join(session["ws_url"], session["token"])
        yield caller
    finally:
        await caller.leave()


async def hear_greeting(caller: RoomCaller) -> str:
    """Its words, when the agent has said them and listens."""
    await caller.until(lambda one: bool(said(one)) and is_listening(one), PATIENCE_S)
    assert caller.first_heard_after(0.0) is not None
    return said(caller)[-1]


async def ask(caller: RoomCaller, question: Spoken) -> str:
    """The answer's words, when the agent has said them and listens again."""
    before = len(said(caller))
    await caller.say(read_recording(question.path))
    await caller.until(lambda one: len(said(one)) > before and is_listening(one), PATIENCE_S)
    return said(caller)[-1]


def said(caller: RoomCaller) -> list[str]:
    """What the agent said, by its captions."""
    return _noted(caller.finals(AGENT_IDENTITY))


def understood(caller: RoomCaller) -> list[str]:
    """What the caller was understood to have said, by its captions."""
    return _noted(caller.finals(CALLER_IDENTITY))


def _noted(words: list[str]) -> list[str]:
    """None of them may stand in a log."""
    for text in words:
        note_words(text)
    return words


def is_listening(caller: RoomCaller) -> bool:
    return caller.states[-1:] == ["listening"]


async def _stay(url: str, token: str) -> None:
    caller = RoomCaller()
    await caller.join(url, token)
    print("joined", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_stay(*sys.argv[1:]))
