"""Who asks: everybody with a right to some of it, and everybody without any."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from callmissed.api.permissions import Rule
from callmissed.domain.principals import Role
from tests.matrix.world import Caller, World

BARE_KEY = "key with nothing"
FULL_KEY = "key with everything"
PUBLISHABLE = "publishable key"
DOMAIN = "app.test"
OTHER_OWNER = "another tenant's owner"
OTHER_KEY = "another tenant's key"

Maker = Callable[[World], Awaitable[Caller]]
AnyMaker = Callable[[World], Awaitable[Caller | None]]


def insiders(rule: Rule) -> dict[str, Maker]:
    """Of one tenant: each role, keys with every, no and just the needed permissions, and a
    publishable key.
    """
    makers: dict[str, Maker] = {role.value: partial(_person, role=role) for role in Role}
    sets = {FULL_KEY: ("*",), BARE_KEY: ()}
    sets |= {f"key with {'+'.join(sorted(held))}": tuple(held) for held in rule.sets}
    makers |= {kind: partial(_key, kind=kind, held=held) for kind, held in sets.items()}
    return makers | {PUBLISHABLE: _publishable_key}


def nobodies() -> dict[str, tuple[AnyMaker, int]]:
    """Whose request is answered by this status, whatever it asks."""
    return {
        "no credentials": (_nobody, 401),
        "revoked key": (_revoked_key, 401),
        "expired key": (_expired_key, 401),
        "unknown key": (_unknown_key, 401),
        "expired token": (_expired_token, 401),
        "suspended tenant's key": (_suspended_key, 403),
        "suspended tenant's owner": (_suspended_owner, 403),
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


async def _publishable_key(world: World) -> Caller:
    bot_id = world.add_bot(world.ours)
    return world.key(
        world.ours,
        PUBLISHABLE,
        *("stt", "tts", "llm"),
        prefix="cmp",
        origin=f"https://{DOMAIN}",
        bot_id=bot_id,
        allowed_domains=[DOMAIN],
    )


async def _suspended_key(world: World) -> Caller:
    caller = world.key(world.ours, "suspended tenant's key", "*")
    return _suspend(world, caller)


async def _suspended_owner(world: World) -> Caller:
    caller = await world.person(world.ours, Role.OWNER, "suspended tenant's owner")
    return _suspend(world, caller)


def _suspend(world: World, caller: Caller) -> Caller:
    world.installation.connection.execute(
        "update tenants set suspended_at = now() where id = %s", [world.ours.tenant_id]
    )
    return caller


async def _unknown_key(world: World) -> Caller:
    """Well formed, and of no installation."""
    return Caller("unknown key", {"Authorization": f"Bearer {world.unissued_key()}"}, None)


async def _expired_token(world: World) -> Caller:
    return await world.expired()


def _past() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)
