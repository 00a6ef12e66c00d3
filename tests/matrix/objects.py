"""Ids by the name of their parameter: of an object of one's own, of another tenant, of nothing."""

from collections.abc import Callable
from uuid import UUID, uuid4

from callmissed.domain.principals import Role
from tests.matrix.operations import IdParam, Operation
from tests.matrix.rows import Rows
from tests.matrix.world import Caller, World

Factory = Callable[[World, Rows], UUID]


def _row(table: str) -> Factory:
    def make(world: World, side: Rows) -> UUID:
        made: UUID = side.make(table)["id"]
        return made

    return make


def _bot(world: World, side: Rows) -> UUID:
    return world.add_bot(side)


def _person(world: World, side: Rows) -> UUID:
    return world.add_person(side, Role.MEMBER)


def _knowledge_base(world: World, side: Rows) -> UUID:
    """What is made of documents after it stands in it."""
    row = side.make("knowledge_bases")
    side.first["knowledge_bases"] = row
    base_id: UUID = row["id"]
    return base_id


FACTORIES: dict[str, Factory] = {
    "session_id": _row("voice_sessions"),
    "bot_id": _bot,
    "tool_id": _row("tools"),
    "knowledge_base_ids": _row("knowledge_bases"),
    "knowledge_base_id": _knowledge_base,
    "document_id": _row("documents"),
    "key_id": _row("api_keys"),
    "person_id": _person,
    "actor": _person,
    "invite_id": _row("invites"),
    "deletion_id": _row("deletions"),
    "tenant_id": lambda _, side: side.tenant_id,
}

# Objects of a person rather than of a tenant: another side's is that of a person over there.
OF_A_PERSON: dict[str, str] = {"sign_in_id": "sign_ins"}

MALFORMED = "not-an-id"


def make_id(world: World, side: Rows, caller: Caller | None, name: str) -> str:
    """Of a fresh object. Raises LookupError for a parameter that has no factory."""
    if name in OF_A_PERSON:
        owned = caller is not None and caller.side is side
        person_id = caller.person_id if caller is not None and owned else None
        person_id = person_id or world.add_person(side, Role.MEMBER)
        return str(side.make(OF_A_PERSON[name], person_id=person_id)["id"])
    if name == "bot_id" and caller is not None and caller.bot_id and caller.side is side:
        return str(caller.bot_id)
    if name not in FACTORIES:
        raise LookupError(f"tests/matrix/objects.py has no factory for the parameter {name!r}")
    return str(FACTORIES[name](world, side))


def make_ids(
    world: World, side: Rows, caller: Caller | None, operation: Operation
) -> dict[IdParam, str]:
    return {param: make_id(world, side, caller, param.name) for param in operation.ids}


def unknown_id() -> str:
    return str(uuid4())
