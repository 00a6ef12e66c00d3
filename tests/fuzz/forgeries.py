"""Credentials that look right and are not, made from ones that are."""

import base64
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import jwt

from callmissed.domain.keyring import Keyring
from callmissed.kit.tokens import BASE62, CHECKSUM_CHARS, _checksum

OTHER_SECRETS = (b"", b"secret", b"changeme", b"x" * 32, b"\x00" * 32)
HEADERS: tuple[dict[str, Any], ...] = (
    {"kid": "../../dev/null"},
    {"kid": "' or 1=1 --"},
    {"jku": "https://evil.test/keys"},
    {"jwk": {"kty": "oct", "k": "eHh4"}},
    {"x5u": "https://evil.test/cert"},
    {"crit": ["exp"]},
    {"typ": "at+jwt", "cty": "JWT"},
)
WRONG: dict[str, tuple[Any, ...]] = {
    "iss": ("", "other", None, 7, ["callmissed"]),
    "aud": ("", "other", [], None, 7),
    "typ": ("refresh", "", None, 7, ["access"]),
    "sub": ("", "x", None, 7, "' or 1=1 --", "00000000-0000-0000-0000-000000000000"),
    "tenant": ("", "x", None, 7, {}, "00000000-0000-0000-0000-000000000000"),
    "sid": ("", "x", None, 7, [], "00000000-0000-0000-0000-000000000000"),
    "exp": ("never", None, -1, 0, {}, 1),
    "iat": ("now", None, {}, 99_999_999_999),
    "nbf": (99_999_999_999,),
}


@dataclass(frozen=True, slots=True)
class LiveKitKey:
    name: str
    secret: str


def mutated_keys(dice: random.Random, key: str, count: int) -> Iterator[str]:
    """A key or another checksummed secret with something changed; most have a right checksum."""
    prefix, _, _ = key.partition("_")
    for _ in range(count):
        match dice.randrange(8):
            case 0:
                yield _flip(dice, key)
            case 1:
                yield key[: dice.randrange(len(key))]
            case 2:
                yield key + _text(dice, dice.randrange(1, 40))
            case 3:
                yield key.swapcase()[dice.randrange(2) :]
            case 4:
                yield with_checksum(f"{prefix}_{_text(dice, len(key) - len(prefix) - 7)}")
            case _:
                body = key[: -dice.choice((CHECKSUM_CHARS,))]
                yield with_checksum(prefix + _flip(dice, body[len(prefix) :], start=1))


def mutated_tokens(dice: random.Random, token: str, count: int) -> Iterator[str]:
    """An access token with characters changed, cut or moved."""
    made = 0
    while made < count:
        torn = _tear(dice, token)
        if _meaning(torn) != _meaning(token):
            made += 1
            yield torn


def forged_tokens(token: str, keyring: Keyring, livekit: LiveKitKey) -> Iterator[str]:
    """Every kind of forgery that is known for JWT, by whoever has this token or LiveKit's secret."""
    good = jwt.decode(token, options={"verify_signature": False})
    key = keyring.access_jwt
    for name in ("none", "None", "NONE", "nOnE", "", "HS256"):
        yield _unsigned(good, name)
    for algorithm in ("HS384", "HS512"):
        yield jwt.encode(good, key, algorithm=algorithm)
    for algorithm in ("RS256", "ES256", "EdDSA", "PS256"):
        yield _relabelled(good, key, algorithm)
    peppers = (keyring.api_keys, keyring.refresh, keyring.sealing)
    for other in (*OTHER_SECRETS, *peppers, livekit.secret.encode()):
        yield _relabelled(good, other, "HS256")
        for header in HEADERS:
            yield _relabelled({**good, "role": "owner"}, other, "HS256", **header)
    for name, values in WRONG.items():
        for value in values:
            yield (
                jwt.encode({**good, name: value}, key, algorithm="HS256")
                if (_encodes(name, value))
                else _relabelled({**good, name: value}, key, "HS256")
            )
    for name in set(good) & {"iss", "aud", "typ", "sub", "tenant", "sid", "exp", "iat"}:
        rest = {one: value for one, value in good.items() if one != name}
        yield jwt.encode(rest, key, algorithm="HS256")
    yield from livekit_tokens(livekit, good)


def livekit_tokens(livekit: LiveKitKey, good: dict[str, Any]) -> Iterator[str]:
    """What LiveKit's secret can sign: a participant's token, a webhook's, and ours."""
    now = int(time.time())
    times = {"nbf": now - 10, "iat": now, "exp": now + 3600}
    room = {"video": {"roomJoin": True, "room": "voice-x", "roomAdmin": True}}
    for claims in (
        {"iss": livekit.name, "sub": "caller", **times, **room},
        {"iss": livekit.name, "sub": good["sub"], **times, **room},
        {"iss": livekit.name, "sha256": base64.b64encode(b"h" * 32).decode(), **times},
        {**good, "iss": livekit.name},
        good,
        {**good, **room},
    ):
        yield jwt.encode(claims, livekit.secret, algorithm="HS256")


def with_checksum(body: str) -> str:
    return body + _checksum(body)


def _unsigned(claims: dict[str, Any], algorithm: str) -> str:
    return f"{_part({'alg': algorithm, 'typ': 'JWT'})}.{_part(claims)}."


def _relabelled(claims: dict[str, Any], key: bytes, algorithm: str, **header: Any) -> str:
    """Signed by HMAC, whatever its header says."""
    inner = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signed = f"{_part({'alg': algorithm, 'typ': 'JWT', **header})}.{_part(claims)}"
    return f"{signed}.{_base64(inner.sign(signed.encode(), key))}"


def _encodes(name: str, value: Any) -> bool:
    """PyJWT does not write every value; what it does not is written by hand."""
    return name not in ("exp", "iat", "nbf", "iss") and value is not None


def _tear(dice: random.Random, token: str) -> str:
    parts = token.split(".")
    match dice.randrange(7):
        case 0:
            return token[: dice.randrange(len(token))]
        case 1:
            return ".".join(dice.sample(parts, 3))
        case 2:
            return ".".join([*parts, _text(dice, 8)])
        case 3:
            spot = dice.randrange(3)
            parts[spot] = _text(dice, len(parts[spot]))
            return ".".join(parts)
        case 4:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
            claims[dice.choice(list(claims))] = dice.choice([str(uuid4()), "owner", 9e9, None])
            return f"{parts[0]}.{_part(claims)}.{parts[2]}"
        case _:
            return _flip(dice, token)


def _meaning(token: str) -> tuple[bytes | str, ...]:
    """Base64 has spellings that say the same: a last character whose spare bits differ."""
    try:
        return tuple(base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    except ValueError:
        return (token,)


def _flip(dice: random.Random, text: str, *, start: int = 0) -> str:
    spot = dice.randrange(start, len(text))
    other = dice.choice([char for char in BASE62 if char != text[spot]])
    return text[:spot] + other + text[spot + 1 :]


def _text(dice: random.Random, chars: int) -> str:
    return "".join(dice.choices(BASE62, k=chars))


def _part(value: Any) -> str:
    return _base64(json.dumps(value).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
