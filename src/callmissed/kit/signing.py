"""Signed claims (JWT, HS256) that are read strictly: no other algorithm, no claim left out."""

import base64
from typing import Any

import jwt

ALGORITHM = "HS256"
REQUIRED = ("exp", "iat", "sub", "aud", "iss")


class ClaimsExpiredError(Exception):
    """The signature is right and the time is over."""


class ClaimsInvalidError(Exception):
    """Forged, torn, of another issuer or audience, or not of the type that was asked for."""


def sign_claims(key: bytes, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def read_claims(key: bytes, token: str, *, issuer: str, audience: str, kind: str) -> dict[str, Any]:
    """The claims of a token whose `typ` claim is `kind`.

    Raises ClaimsExpiredError, ClaimsInvalidError.
    """
    if not _is_written_once(token):
        raise ClaimsInvalidError
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=issuer,
            audience=audience,
            leeway=0,
            options={"require": list(REQUIRED), "strict_aud": True},
        )
    except jwt.ExpiredSignatureError as error:
        raise ClaimsExpiredError from error
    except (jwt.InvalidTokenError, UnicodeError, ValueError) as error:
        raise ClaimsInvalidError from error
    if claims.get("typ") != kind:
        raise ClaimsInvalidError
    return claims


def _is_written_once(token: str) -> bool:
    """Whether this is the only spelling of its signature: Base64 decoders pass over stray letters
    and unused bits.
    """
    signature = token.rpartition(".")[2]
    try:
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except ValueError:
        return False
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == signature
