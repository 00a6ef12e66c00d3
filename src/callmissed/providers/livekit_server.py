"""Rooms of a LiveKit server, and the tokens that open them.

Tokens cannot be revoked: an ended call is one whose room is gone (the server makes none by itself).
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import aiohttp
from livekit import api

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.sessions import (
    AGENT_IDENTITY,
    CALLER_IDENTITY,
    RECONNECT_WINDOW_S,
    ROOM_EMPTY_TIMEOUT_S,
    TOKEN_TTL_S,
)
from callmissed.kit.clock import utc_now
from callmissed.providers.livekit_tokens import CLOCKS_APART_S, TimelessRoomService, sign

REQUEST_TIMEOUT_S = 2.0
# The longest call, and the time before somebody joins it.
AGENT_TOKEN_TTL_S = TOKEN_TTL_S + ROOM_EMPTY_TIMEOUT_S + CLOCKS_APART_S
# Agents are not counted.
MAX_PARTICIPANTS = 1


class Rooms:
    """One client a process; its connections are made when they are first needed. `now` need not be
    the server's time.
    """

    def __init__(
        self, url: str, key: str, secret: str, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._url, self._key, self._secret = url, key, secret
        self._now = now
        self._session: aiohttp.ClientSession | None = None

    async def create_room(self, name: str) -> None:
        """Afterwards a caller and an agent may enter. It goes by itself when nobody joins.

        Raises Refusal UNAVAILABLE.
        """
        request = api.CreateRoomRequest(
            name=name,
            empty_timeout=ROOM_EMPTY_TIMEOUT_S,
            departure_timeout=RECONNECT_WINDOW_S,
            max_participants=MAX_PARTICIPANTS,
        )
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await self._rooms().create_room(request)
        except (api.TwirpError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable() from error

    async def delete_room(self, name: str) -> None:
        """Everybody in it is put out, and no token enters it again; a room that is gone already is
        fine.

        Raises Refusal UNAVAILABLE.
        """
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await self._rooms().delete_room(api.DeleteRoomRequest(room=name))
        except api.TwirpError as error:
            if error.code != api.TwirpErrorCode.NOT_FOUND:
                raise _unreachable() from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable() from error

    def caller_token(self, room: str, expires_at: datetime) -> str:
        """Lets one caller into this room with a microphone, and nothing else. The token's `exp` is
        the whole second of `expires_at`, whenever it is minted.
        """
        grants = api.VideoGrants(
            room_join=True,
            room=room,
            can_publish=True,
            can_publish_sources=["microphone"],
            can_subscribe=True,
            can_publish_data=False,
            can_update_own_metadata=False,
        )
        return sign(self._token(CALLER_IDENTITY).with_grants(grants), expires_at)

    def agent_token(self, room: str, ttl_s: int = AGENT_TOKEN_TTL_S) -> str:
        """Lets our agent in, which clients tell by its kind."""
        grants = api.VideoGrants(
            room_join=True,
            room=room,
            agent=True,
            can_publish=True,
            can_subscribe=True,
            can_publish_data=True,
            can_update_own_metadata=True,
        )
        token = self._token(AGENT_IDENTITY).with_kind("agent").with_grants(grants)
        return sign(token, self._now() + timedelta(seconds=ttl_s))

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _token(self, identity: str) -> api.AccessToken:
        return api.AccessToken(self._key, self._secret).with_identity(identity)

    def _rooms(self) -> TimelessRoomService:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
            self._session = aiohttp.ClientSession(timeout=timeout)
        return TimelessRoomService(self._session, self._url, self._key, self._secret, self._now)


def _unreachable() -> Refusal:
    return Refusal(
        Kind.UNAVAILABLE,
        "The media server does not answer.",
        "Try again in a second; if it lasts, look at LiveKit with `callmissed doctor`.",
        retry_after_s=1,
    )
