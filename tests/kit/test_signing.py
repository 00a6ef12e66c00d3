"""Signed claims are read as they were written, or not at all."""

import json
import random
import string
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import jwt
import pytest
from livekit import api

from callmissed.kit.signing import ClaimsInvalidError, read_claims, sign_claims

KEY = b"j" * 32
LIVEKIT_SECRET = "secret-of-the-tests-livekit-server"
MUTATIONS = 10_000
LETTERS = string.ascii_letters + string.digits + "-_.=+/ \n!é"


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {"iss": "us", "aud": "api", "typ": "access", "sub": "p1", "iat": now, "exp": now + 600}
    return good | changes


def is_accepted(token: str) -> bool:
    try:
        read_claims(KEY, token, issuer="us", audience="api", kind="access")
    except ClaimsInvalidError:
        return False
    return True


def test_a_good_token_is_read() -> None:
    assert is_accepted(sign_claims(KEY, claims()))


def test_of_ten_thousand_mutations_none_is_accepted() -> None:
    pick, good = random.Random(4), sign_claims(KEY, claims())
    accepted = []
    for _ in range(MUTATIONS):
        mutant = mutate(pick, good)
        if mutant != good and is_accepted(mutant):
            accepted.append(mutant)
    assert accepted == []


def test_every_other_last_letter_is_refused() -> None:
    """Two bits of the last letter say nothing: four letters mean the same signature."""
    good = sign_claims(KEY, claims())
    others = [good[:-1] + letter for letter in LETTERS if letter != good[-1]]
    assert not any(is_accepted(other) for other in others)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "nOnE", "typ": "JWT"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": ""},
        {"alg": ["HS256"]},
        {"typ": "JWT"},
        {"alg": "HS256", "crit": ["exp"], "exp": 0},
    ],
)
@pytest.mark.parametrize("signature", ["", "x", "kept"])
def test_no_header_opens_another_way(header: dict[str, Any], signature: str) -> None:
    _, payload, kept = sign_claims(KEY, claims()).split(".")
    head = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    assert not is_accepted(".".join((head, payload, kept if signature == "kept" else signature)))


def test_what_the_header_says_of_a_key_is_not_looked_at() -> None:
    for more in (
        {"kid": "../../dev/null"},
        {"jwk": {"kty": "oct", "k": "eA"}},
        {"x5u": "http://x"},
    ):
        assert not is_accepted(jwt.encode(claims(), b"x" * 32, algorithm="HS256", headers=more))
        assert is_accepted(jwt.encode(claims(), KEY, algorithm="HS256", headers=more))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "them"},
        {"aud": "other"},
        {"aud": ["api"]},
        {"aud": ["api", "other"]},
        {"typ": "refresh"},
        {"typ": ["access"]},
        {"typ": None},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"exp": "tomorrow"},
        {"exp": None},
        {"sub": 7},
    ],
    ids=lambda changed: "-".join(changed),
)
def test_other_claims_are_refused(changed: dict[str, Any]) -> None:
    assert not is_accepted(jwt.encode(claims(**changed), KEY, algorithm="HS256"))


@pytest.mark.parametrize("missing", ["iss", "aud", "typ", "sub", "iat", "exp"])
def test_no_claim_may_be_left_out(missing: str) -> None:
    less = {name: value for name, value in claims().items() if name != missing}
    assert not is_accepted(jwt.encode(less, KEY, algorithm="HS256"))


def test_tokens_of_livekit_are_strangers_here_and_ours_are_there() -> None:
    for secret in (LIVEKIT_SECRET, KEY.decode()):
        grants = api.VideoGrants(room_join=True, room="r", room_admin=True)
        member = api.AccessToken("us", secret).with_identity("p1").with_grants(grants)
        webhook = api.AccessToken("us", secret).with_sha256("c2hh")
        assert not is_accepted(member.to_jwt())
        assert not is_accepted(webhook.to_jwt())
    ours = sign_claims(KEY, claims(iss="key"))
    with pytest.raises(jwt.InvalidTokenError):
        api.TokenVerifier("key", LIVEKIT_SECRET).verify(ours)


def mutate(pick: random.Random, token: str) -> str:
    """One to three small changes of the text, or of a claim below an old signature."""
    if pick.random() < 0.2:
        return with_other_claim(pick, token)
    text = token
    for _ in range(pick.randint(1, 3)):
        place, letter = pick.randrange(len(text)), pick.choice(LETTERS)
        kind = pick.randrange(5)
        if kind == 0:
            text = text[:place] + letter + text[place + 1 :]
        elif kind == 1:
            text = text[:place] + letter + text[place:]
        elif kind == 2:
            text = text[:place] + text[place + 1 :]
        elif kind == 3:
            text = text[:place]
        else:
            text = text[:place] + text[place:].swapcase()
        text = text or "."
    return text


def with_other_claim(pick: random.Random, token: str) -> str:
    header, payload, signature = token.split(".")
    said = json.loads(urlsafe_b64decode(payload + "=="))
    name = pick.choice(list(said))
    said[name] = pick.choice([None, "x", 10**12, True, [], {}, str(said[name]) + " "])
    changed = urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return ".".join((header, changed, signature))
