"""Counting what may be tried only so often. The counts stand even where the request is refused, so
each is a short transaction of its own.
"""

import ipaddress
import math
from dataclasses import dataclass

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.keyring import Keyring
from callmissed.domain.people import compared_email
from callmissed.kit.tokens import keyed_hash
from callmissed.store import attempts
from callmissed.store.database import Database
from callmissed.store.system import SystemDb

WINDOW_S = 15 * 60
# A host, or a home, has a whole network of this size in IPv6.
IPV6_NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` attempts in a quarter of an hour from the first."""

    kind: str
    count: int


PASSWORDS_OF_ACCOUNT = Limit("password.account", 10)
PASSWORDS_FROM_ADDRESS = Limit("password.address", 50)
SIGN_UPS_FROM_ADDRESS = Limit("sign_up.address", 10)
RESETS_OF_ACCOUNT = Limit("reset.account", 3)
RESETS_FROM_ADDRESS = Limit("reset.address", 30)


@dataclass(frozen=True, slots=True)
class Attempt:
    """About `subject`: an e-mail or an address. Stored as its keyed hash only."""

    limit: Limit
    subject: str


def of_account(limit: Limit, email: str) -> Attempt:
    return Attempt(limit, compared_email(email))


def from_address(limit: Limit, address: str) -> Attempt:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return Attempt(limit, address)
    if found.version == 6:
        network = ipaddress.ip_network((found, IPV6_NETWORK_BITS), strict=False)
        return Attempt(limit, str(network))
    return Attempt(limit, str(found))


async def count_attempts(database: Database, keyring: Keyring, *made: Attempt) -> None:
    """Counts all of them, or none: exact however many come at once.

    Raises Refusal RATE_LIMITED with the seconds until the window ends.
    """
    async with database.system() as db:
        for one in made:
            left_s = await attempts.count_one(
                db, one.limit.kind, _hash(keyring, one), limit=one.limit.count, window_s=WINDOW_S
            )
            if left_s is not None:
                raise Refusal(
                    Kind.RATE_LIMITED,
                    "This was tried too often.",
                    "Wait as many seconds as Retry-After says.",
                    retry_after_s=max(1, math.ceil(left_s)),
                )


async def give_back(db: SystemDb, keyring: Keyring, *made: Attempt) -> None:
    """They were no failures."""
    for one in made:
        await attempts.give_back(db, one.limit.kind, _hash(keyring, one))


async def forget(db: SystemDb, keyring: Keyring, *made: Attempt) -> None:
    """Their subjects begin anew."""
    for one in made:
        await attempts.forget(db, one.limit.kind, _hash(keyring, one))


def _hash(keyring: Keyring, attempt: Attempt) -> bytes:
    return keyed_hash(keyring.refresh, f"{attempt.limit.kind}:{attempt.subject}")
