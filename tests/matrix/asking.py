"""One request of the matrix, and what must be true of its answer whoever asked."""

import json
import re
from typing import Any, LiteralString

import httpx2

from tests.matrix.bodies import body_of
from tests.matrix.operations import IdParam, Operation
from tests.matrix.world import Caller, World

CANARY = re.compile(r"canary[0-9a-f]{12}")
# What must be so before an operation can succeed, about the person who asks.
BEFORE: dict[str, LiteralString] = {
    "POST /v1/me/account": "update people set email = null, password_hash = null where id = %s"
}
UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def ask(
    world: World, caller: Caller | None, operation: Operation, ids: dict[IdParam, str]
) -> httpx2.Response:
    path = operation.path_with(ids)
    params = query_of(operation, caller) | {p.name: ids[p] for p in ids if p.place == "query"}
    if caller is not None and caller.person_id is not None and str(operation) in BEFORE:
        world.installation.connection.execute(BEFORE[str(operation)], [caller.person_id])
    body = body_of(operation)
    for param, value in ids.items():
        if param.place == "body" and body is not None:
            body[param.name] = [value] if param.many else value
    more: dict[str, Any] = {} if body is None else {"json": body}
    if operation.takes_a_file:
        more = {"files": {"file": ("made up.md", b"# Made up\n\nWords.", "text/markdown")}}
    return await world.ask(caller, operation.method, path, params=params, **more)


def faults_of(operation: Operation, caller: Caller | None, answer: httpx2.Response) -> list[str]:
    """Of any answer: undocumented, of a wrong shape, or with another tenant's words."""
    faults = []
    status = answer.status_code
    if str(status) not in operation.form["responses"] or status >= 500:
        faults.append(f"{status} is not documented: {answer.text[:300]}")
    if status >= 400 and "error" not in answer.json():
        faults.append(f"{status} without an error object")
    own = caller.side.canary if caller is not None and caller.side is not None else None
    foreign = set(CANARY.findall(f"{answer.headers} {answer.text}")) - {own}
    if foreign:
        faults.append(f"another tenant's words: {answer.text[:300]}")
    return faults


def gist(answer: httpx2.Response) -> tuple[int, str]:
    """What a stranger can tell two answers apart by: not their request ids, not the ids they sent,
    not the moment.
    """
    text = answer.text
    if answer.headers.get("content-type", "").startswith("application/json"):
        value = answer.json()
        if isinstance(value, dict) and "error" in value:
            value["error"].pop("request_id")
        text = json.dumps(value)
    return answer.status_code, UUID_TEXT.sub("<id>", text)


def query_of(operation: Operation, caller: Caller | None) -> dict[str, str]:
    """What the query must have."""
    tenant = caller.side.first["tenants"] if caller is not None and caller.side else {}
    meant = {"confirm_name": str(tenant.get("name", "nobody"))}
    parameters = operation.form.get("parameters", ())
    names = [item["name"] for item in parameters if item["in"] == "query" and item["required"]]
    return {name: meant[name] for name in names if name not in {p.name for p in operation.ids}}
