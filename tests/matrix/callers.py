"""Who asks: everybody with a right to some of it, and everybody without any."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from callmissed.api.permissions import Rule
from callmissed.domain.principals import Role
from tests.matrix.catalog import Catalog
from tests.matrix.world import Caller, World

BARE_KEY = "key with nothing"
FULL_KEY = "key with everything"
PUBLISHABLE = "publishable key"
OTHER_OWNER = "another tenant's owner"
OTHER_KEY = "another tenant's key"

Maker = Callable[[World], Awaitable[Caller]]
AnyMaker = Callable[[World], Awaitable[Caller | None]]


def insiders(rule: Rule, catalog: Catalog) -> dict[str, Maker]:
    """Of one tenant: each role, keys with every, no and just the needed permissions, and a
    publishable key.
    """
    makers: dict[str, Maker] = {role.value: partial(_person, role=role) for role in Role}
    sets = {FULL_KEY: ("*",), BARE_KEY: ()}
    sets |= {f"key with {'+'.join(sorted(held))}": tuple(held) for held in rule.sets}
    makers |= {kind: partial(_key, kind=kind, held=held) for kind, held in sets.items()}
    return makers


def nobodies(catalog: Catalog) -> dict[str, tuple[AnyMaker, int]]:
    """Whose request is answered by this status, whatever it asks."""
    return {
        "no credentials": (_nobody, 401),
        "revoked key": (_revoked_key, 401),
        "expired key": (_expired_key, 401),
        "unknown key": (_unknown_key, 401),
        "expired token": (_expired_token, 401),
    }


async def foreign_owner(world: World) -> Caller:
    return await world.person(world.theirs, Role.OWNER, OTHER_OWNER)


async def foreign_key(world: World) -> Caller:
    return world.key(world.theirs, OTHER_KEY, "*")


async def _person(world: World, role: Role) -> Caller:
    return await world.person(world.ours, role, role.value)


async def _key(world: World, kind: str, held: tuple[str, ...]) -> Caller:
    return world.key(world.ours, kind, *held)


async def _nobody(world: World) -> None:
    return None


async def _revoked_key(world: World) -> Caller:
    return world.key(world.ours, "revoked key", "*", revoked_at=_past())


async def _expired_key(world: World) -> Caller:
    return world.key(world.ours, "expired key", "*", expires_at=_past())


async def _unknown_key(world: World) -> Caller:
    """Well formed, and of no installation."""
    return Caller("unknown key", {"Authorization": f"Bearer {world.unissued_key()}"}, None)


async def _expired_token(world: World) -> Caller:
    return await world.expired()


def _past() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)
