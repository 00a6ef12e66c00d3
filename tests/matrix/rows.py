"""One tenant's rows, made from the schema: every text column that takes free text holds the tenant's
canary.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from callmissed.kit.passwords import hash_password
from callmissed.store.sessions import request_json, route_json
from tests.matrix.catalog import Catalog, Column, TableForm
from tests.stories import REQUEST, ROUTE

NEVER = object()
PASSWORD = "a heron stands in the reeds"
TEXTS = ("text", "varchar", "citext")

# What the code reads back by its own rules, so that a canary in its place would break it; a
# function gets the tenant's canary.
MEANT: dict[tuple[str, str], Any] = {
    ("tenants", "plan"): "enterprise",
    ("people", "password_hash"): lambda _: password_hash(),
    ("memberships", "role"): "member",
    ("invites", "role"): "member",
    ("owner_links", "used_at"): None,
    ("voice_sessions", "status"): "active",
    ("voice_sessions", "started_at"): lambda _: datetime.now(UTC),
    ("voice_sessions", "end_reason"): None,
    ("voice_sessions", "request"): lambda canary: Jsonb(
        {**request_json.dump_python(REQUEST, mode="json"), "system_prompt": canary}
    ),
    ("voice_sessions", "route"): lambda _: Jsonb(route_json.dump_python(ROUTE, mode="json")),
    ("voice_sessions", "max_duration_s"): 300,
    ("voice_sessions", "worker_id"): None,
    ("voice_sessions", "accounts"): lambda _: [],
    ("voice_sessions", "usage"): lambda _: Jsonb([]),
    ("bot_versions", "models"): Jsonb({}),
    ("bot_versions", "knowledge_base_ids"): lambda _: [],
    ("bot_versions", "more"): Jsonb({}),
    ("bot_drafts", "models"): Jsonb({}),
    ("bot_drafts", "knowledge_base_ids"): lambda _: [],
    ("bot_drafts", "more"): Jsonb({}),
    ("tools", "form"): lambda canary: Jsonb(
        {
            "type": "http",
            "name": "look_up",
            "description": canary,
            "url": "https://tools.example.com/",
        }
    ),
    ("tools", "header_names"): lambda _: [],
    ("tools", "listed"): Jsonb([]),
    ("documents", "state"): "failed",
    ("turns", "sources"): lambda canary: Jsonb(
        [{"document": canary, "heading": canary, "score": 1.0}]
    ),
    ("turns", "stages"): Jsonb({"llm": 10}),
    ("turns", "usage"): lambda _: Jsonb([]),
    ("audit_log", "actor_kind"): "person",
    ("audit_log", "actor_id"): lambda _: uuid4(),
    ("api_keys", "kind"): "secret",
    ("api_keys", "permissions"): lambda _: [],
    ("api_keys", "allowed_models"): None,
    ("api_keys", "rate_limit_rpm"): None,
    ("api_keys", "bot_id"): None,
    ("provider_keys", "provider"): "ollama",
    ("provider_keys", "verdict"): "accepted",
    ("deletions", "kind"): "session",
    ("deletions", "counts"): Jsonb({"turns": 1}),
}


@cache
def password_hash() -> str:
    """Of `PASSWORD`, which is everybody's here."""
    return hash_password(PASSWORD)


def column_takes_canary(table: str, form: TableForm, column: Column) -> bool:
    """Whether rows made here hold the tenant's canary in this column."""
    if column.type not in (*TEXTS, "jsonb", "_text"):
        return False
    meant = MEANT.get((table, column.name), NEVER)
    if meant is not NEVER:
        return callable(meant) and "canary" in str(shown(meant("canary")))
    return column.name not in form.choices


@dataclass(slots=True)
class Rows:
    """Makes rows of one tenant; the first of each table is what later ones refer to."""

    connection: psycopg.Connection
    catalog: Catalog
    tenant_id: UUID = field(default_factory=uuid4)
    canary: str = field(default_factory=lambda: f"canary{os.urandom(6).hex()}")
    first: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: int = 0

    def fill(self) -> None:
        """A row in every table that has tenants."""
        with self.connection.pipeline(), self.connection.transaction():
            self.make("tenants", id=self.tenant_id)
            for table, form in self.catalog.items():
                if form.of_a_tenant:
                    self.need(table)

    def need(self, table: str) -> dict[str, Any]:
        return self.first.get(table) or self.make(table)

    def make(self, table: str, **given: Any) -> dict[str, Any]:
        """A row with what is given, the rest made up; what it refers to is there afterwards."""
        self.made += 1
        form = self.catalog[table]
        row = {name: value for name, value in given.items() if name in form.columns}
        if form.of_a_tenant:
            row.setdefault("tenant_id", self.tenant_id)
        for reference in form.references:
            self._refer(form, row, reference.table, reference.columns, reference.keys)
        for column in form.columns.values():
            if column.name not in row:
                value = self._value(form, column)
                if value is not NEVER:
                    row[column.name] = value
        self._insert(table, row)
        self.first.setdefault(table, row)
        return row

    def _refer(
        self,
        form: TableForm,
        row: dict[str, Any],
        target: str,
        columns: tuple[str, ...],
        keys: tuple[str, ...],
    ) -> None:
        open_columns = [name for name in columns if name not in row]
        own = open_columns and all(
            (form.name, name) not in MEANT and target != form.name for name in open_columns
        )
        if not own:
            return
        parent = self.need(target)
        row.update(dict(zip(columns, (parent[key] for key in keys), strict=True)))

    def _value(self, form: TableForm, column: Column) -> Any:
        table, name, kind = form.name, column.name, column.type
        canary = f"{self.canary}.{table}.{name}.{self.made}"
        meant = MEANT.get((table, name), NEVER)
        if meant is not NEVER:
            return meant(canary) if callable(meant) else meant
        if name in form.choices:
            return form.choices[name]
        if kind in TEXTS:
            return f"{canary}@example.com" if name == "email" else canary
        if column.fills_itself:
            return NEVER
        if kind == "timestamptz" and column.nullable:
            return None
        return PLAIN[kind](column, canary)

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        statement = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        self.connection.execute(statement, list(row.values()))


def _moment(column: Column, _canary: str) -> datetime:
    ahead = column.name in ("expires_at", "until", "due_at")
    return datetime.now(UTC) + (timedelta(days=1) if ahead else timedelta())


PLAIN: dict[str, Callable[[Column, str], Any]] = {
    "uuid": lambda column, _: None if column.nullable else uuid4(),
    "int2": lambda _, __: 1,
    "int4": lambda _, __: 1,
    "int8": lambda _, __: 1,
    "float8": lambda _, __: 1.0,
    "numeric": lambda _, __: 1,
    "bool": lambda _, __: False,
    "bytea": lambda _, __: os.urandom(32),
    "varbit": lambda _, __: "10110011",
    "timestamptz": _moment,
    "date": lambda _, __: datetime.now(UTC).date(),
    "jsonb": lambda _, canary: Jsonb({"canary": canary}),
    "_text": lambda _, canary: [canary],
    "_uuid": lambda _, __: [],
    "inet": lambda _, __: "192.0.2.1",
    "_inet": lambda _, __: [],
}


def shown(value: Any) -> Any:
    """A value of a row as Python shows it."""
    return value.obj if isinstance(value, Jsonb) else value
