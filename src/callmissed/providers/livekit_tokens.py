"""Tokens for a LiveKit server whose clock is not ours.

A token says until when it is good, never from when on: the server would refuse one of a host whose
clock is more than a minute ahead of its own.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import aiohttp
from livekit import api
from livekit.api.room_service import RoomService

from callmissed.kit.signing import sign_claims

CLOCKS_APART_S = 900
"""How far behind the server's clock ours may be for its tokens to be good still."""
REQUEST_TTL_S = 60


def sign(token: api.AccessToken, expires_at: datetime) -> str:
    """`token` as a JWT (HS256) with the claims that livekit-server reads, good until the whole
    second of `expires_at`.
    """
    own = {
        "sub": token.identity,
        "iss": token.api_key,
        "exp": int(expires_at.timestamp()),
    }
    return sign_claims(token.api_secret.encode(), {**token.claims.asdict(), **own})


class TimelessRoomService(RoomService):
    """LiveKit's client for rooms, with tokens as above; it does not look for other servers."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        key: str,
        secret: str,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(session, url, key, secret, failover=False)
        self._now = now

    def _auth_header(
        self, grants: api.VideoGrants | None, sip: api.SIPGrants | None = None
    ) -> dict[str, str]:
        token = api.AccessToken(self.api_key, self.api_secret)
        if grants is not None:
            token.with_grants(grants)
        expires_at = self._now() + timedelta(seconds=REQUEST_TTL_S + CLOCKS_APART_S)
        return {"authorization": f"Bearer {sign(token, expires_at)}"}
