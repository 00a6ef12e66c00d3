"""What the cross-tenant door asks of tenants' tables names the tenant, or says here why it cannot.

Behind the tenant's door row-level security stands (`test_isolation.py`); behind this one nothing
does, so its statements are read one by one.
"""

import ast
from pathlib import Path

import pytest

from callmissed.store.schema import metadata

STORE = Path(__file__).resolve().parents[2] / "src" / "callmissed" / "store"
OPENED_WIDE = {"SystemDb", "OpenDb"}
ASKS = {"select", "update", "delete", "exists"}
OF_TENANTS = {name for name, table in metadata.tables.items() if "tenant_id" in table.c}

BY_SECRET = "found by the hash of a secret, which is unique over all tenants and says whose it is"
BY_ID = "by the id of a row that the same transaction found, or that its caller was given as theirs"
SWEEP = "a sweep over the whole installation, which answers nobody"
WORKER = "the workers' side: one worker takes the calls of all tenants, each told apart by its id"

WITHOUT_A_TENANT: dict[str, str] = {
    "api_keys.mark_used": BY_ID,
    "call_actions.add": WORKER,
    "claims.add_audio": WORKER,
    "claims.count_turn": WORKER,
    "claims.find_known": WORKER,
    "claims.give_back": WORKER,
    "claims.is_current": WORKER,
    "claims.list_open_among": WORKER,
    "claims.lock": WORKER,
    "claims.look_at": WORKER,
    "claims.mark_arrived": WORKER,
    "claims.release_all": WORKER,
    "claims.renew_leases": WORKER,
    "claims.retake": WORKER,
    "claims.take": WORKER,
    "deletions.add_counts": BY_ID,
    "deletions.finish": BY_ID,
    "deletions.list_open": SWEEP,
    "deletions.lock_open": BY_ID,
    "deletions.set_scanned": BY_ID,
    "documents.list_unread": SWEEP,
    "idempotency.delete_older": SWEEP,
    "invites.delete_expired": SWEEP,
    "invites.find": BY_SECRET,
    "invites.take": BY_SECRET,
    "limits.delete_lapsed": SWEEP,
    "mails.delete_older": SWEEP,
    "mails.find": BY_ID,
    "mails.remove": BY_ID,
    "owner_links.remove": BY_ID,
    "owner_links.remove_unused": BY_ID,
    "owner_links.use": BY_SECRET,
    "overdue._due": SWEEP,
    "overdue.find_of_suspended": SWEEP,
    "overdue.find_orphans": SWEEP,
    "overdue.find_overtime": SWEEP,
    "overdue.find_unjoined": SWEEP,
    "overdue.mark_orphans": SWEEP,
    "people.delete_strays": SWEEP,
    "refresh_tokens.delete_expired": SWEEP,
    "refresh_tokens.take": BY_SECRET,
    "sessions.end": BY_ID,
    "turns.add": WORKER,
    "turns.exchanges_of": WORKER,
    "usage.add": WORKER,
}


class Module:
    """The functions of a file of the store, with what each of them names."""

    def __init__(self, path: Path) -> None:
        tree = ast.parse(path.read_text())
        self.name = path.stem
        self.functions = {
            node.name: node
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        self.values = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def parts_of(self, name: str) -> list[ast.AST]:
        """The function, and what it uses of its own file, all the way."""
        found: dict[str, ast.AST] = {name: self.functions[name]}
        waiting = [name]
        while waiting:
            for node in ast.walk(found[waiting.pop()]):
                used = node.id if isinstance(node, ast.Name) else ""
                part = self.functions.get(used) or self.values.get(used)
                if part is not None and used not in found:
                    found[used] = part
                    waiting.append(used)
        return [node for part in found.values() for node in ast.walk(part)]


def doubtful(path: Path) -> set[str]:
    """Functions that ask a tenants' table through the wide door without comparing `tenant_id`."""
    module, found = Module(path), set()
    for name, function in module.functions.items():
        forms = [arg.annotation for arg in function.args.args]
        if not any(isinstance(form, ast.Name) and form.id in OPENED_WIDE for form in forms):
            continue
        nodes = module.parts_of(name)
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        if names & ASKS and names & OF_TENANTS and not any(map(_names_the_tenant, nodes)):
            found.add(f"{path.stem}.{name}")
    return found


def _names_the_tenant(node: ast.AST) -> bool:
    """`….tenant_id == …`, either way round."""
    if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq):
        return False
    sides = (node.left, *node.comparators)
    return any(isinstance(side, ast.Attribute) and side.attr == "tenant_id" for side in sides)


def test_every_wide_statement_names_its_tenant_or_says_why_not() -> None:
    found = set().union(*(doubtful(path) for path in STORE.glob("*.py")))
    assert not found - set(WITHOUT_A_TENANT), "name the tenant, or write down why not"
    assert not set(WITHOUT_A_TENANT) - found, "these need no reason any more"


@pytest.mark.parametrize(
    "planted",
    [
        "async def leak(db: SystemDb, name: str):\n    return select(bots).where(bots.c.name == name)",
        "_all = select(bots)\nasync def leak(db: OpenDb):\n    return await fetch_all(db, _all)",
        "def _where():\n    return delete(turns)\nasync def leak(db: SystemDb):\n    return _where()",
    ],
)
def test_a_planted_statement_is_found(tmp_path: Path, planted: str) -> None:
    path = tmp_path / "planted.py"
    path.write_text(planted)
    assert doubtful(path) == {"planted.leak"}


def test_a_statement_that_names_its_tenant_is_not(tmp_path: Path) -> None:
    path = tmp_path / "planted.py"
    path.write_text(
        "async def find(db: SystemDb, tenant_id: UUID):\n"
        "    return select(bots).where(bots.c.tenant_id == tenant_id)"
    )
    assert doubtful(path) == set()
