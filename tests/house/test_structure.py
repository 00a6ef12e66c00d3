"""What the picture in docs/house.md promises and imports alone cannot show."""

import ast
import re
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "callmissed"
LONGEST_FILE = 300

# Nouns of the store that have no resource of their own in the API, each with the reason.
WITHOUT_A_DOOR = {
    "turns": "read through sessions",
    "usage": "told by calls, shown with turns",
    "claims": "the workers' side of sessions",
    "call_actions": "told by calls, read as events",
    "overdue": "the sweeps' side of sessions",
    "events": "written only; the stream is a door to come",
    "workers": "an inside matter of calls",
    "idempotency": "a header, not a resource",
    "erasing": "the deletions' side of every table",
    "attempts": "counted by those who sign in",
    "mails": "left by those who invite and ask for links",
    "owner_links": "reached through auth",
    "refresh_tokens": "reached through auth",
    "passages": "found through knowledge",
    "base_words": "counted with passages",
    "vectors": "given in the background, found through knowledge",
}
STORE_FOUNDATION = {
    *(
        "__init__",
        "database",
        "tenant",
        "system",
        "schema",
        "schema_people",
        "schema_providers",
        "schema_bots",
        "schema_knowledge",
        "columns",
    ),
    *("jobs", "rows", "roles", "listening", "connecting", "refusals"),
}


def source_files() -> list[Path]:
    python = list(SOURCE.rglob("*.py"))
    web = [
        path
        for pattern in ("*.ts", "*.tsx")
        for path in (ROOT / "web" / "src").rglob(pattern)
        if path.name != "schema.ts"  # generated from openapi.json
    ]
    return [path for path in python if "migrations/versions" not in str(path)] + web


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in source_files()
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert not long, f"split these by what they do: {long}"


def test_every_module_is_reached_from_the_front_gate() -> None:
    graph = grimp.build_graph("callmissed")
    reached = {"callmissed", "callmissed.__main__"} | graph.find_upstream_modules(
        "callmissed.__main__"
    )
    packages = {
        ".".join(("callmissed", *path.parent.relative_to(SOURCE).parts))
        for path in SOURCE.rglob("__init__.py")
    }
    migrations = {
        module for module in graph.modules if module.startswith("callmissed.store.migrations")
    }
    lost = graph.modules - reached - packages - migrations
    assert not lost, f"no command, route or job reaches {sorted(lost)}"


@pytest.mark.parametrize(
    "path", sorted((SOURCE / "store").glob("*.py")), ids=lambda path: path.stem
)
def test_a_noun_of_the_store_stands_on_its_other_floors(path: Path) -> None:
    noun = path.stem
    if noun in STORE_FOUNDATION or noun in WITHOUT_A_DOOR:
        return
    for floor in ("services", "api"):
        assert (SOURCE / floor / f"{noun}.py").exists(), f"{floor}/{noun}.py is missing"


def test_modules_say_what_they_are() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in SOURCE.rglob("*.py")
        if path.read_text().strip()
        and not path.read_text().lstrip().startswith(('"""', 'r"""'))
        and "migrations/versions" not in str(path)
    ]
    assert not silent, f"the first line says what a module does: {silent}"


def test_no_unfinished_words() -> None:
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in source_files()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line) and "pragma: abstract" not in line
    ]
    assert not found


MAY_KNOW_THE_ENGINE = ("voice/", "transports/", "providers/", "runtime/call.py", "runtime/chat.py")


def test_the_engine_is_known_only_where_calls_run() -> None:
    """import-linter cannot look below the namespace package `livekit`."""
    offenders = []
    for path in SOURCE.rglob("*.py"):
        place = str(path.relative_to(SOURCE))
        if place.startswith(MAY_KNOW_THE_ENGINE):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            if any(
                name == "livekit.agents" or name.startswith("livekit.agents.") for name in names
            ):
                offenders.append(place)
    assert not offenders
