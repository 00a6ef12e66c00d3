"""A row of a tenant in every table, with a mark of its own in every column that can hold words.

Driven by the database's catalogue: a new table or column is covered by being there.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

Row = dict[str, Any]
# Fits the bounds of every number that a table checks.
NUMBER = 60
# What is left of a deletion on purpose; it holds no words.
TOMBSTONES = "deletions"

COLUMNS = """
select c.relname as "table", a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
  a.attnotnull as needed, a.atthasdef or a.attidentity <> '' as given
from pg_attribute a join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
order by c.relname, a.attnum
"""
REFERENCES = """
select t.relname as "table", p.relname as parent,
  array(select attname::text from unnest(r.conkey) with ordinality k(n, i)
    join pg_attribute on attrelid = r.conrelid and attnum = k.n order by i) as columns,
  array(select attname::text from unnest(r.confkey) with ordinality k(n, i)
    join pg_attribute on attrelid = r.confrelid and attnum = k.n order by i) as keys
from pg_constraint r join pg_class t on t.oid = r.conrelid join pg_class p on p.oid = r.confrelid
join pg_namespace n on n.oid = t.relnamespace where r.contype = 'f' and n.nspname = 'public'
"""
CHECKS = """
select t.relname as "table", pg_get_constraintdef(r.oid) as rule,
  array(select attname::text from unnest(r.conkey) n
    join pg_attribute on attrelid = r.conrelid and attnum = n) as columns
from pg_constraint r join pg_class t on t.oid = r.conrelid
join pg_namespace n on n.oid = t.relnamespace where r.contype = 'c' and n.nspname = 'public'
"""
LITERAL = re.compile(r"'([a-z_.]+)'::text")


@dataclass(slots=True)
class Planted:
    """`marks` says for each mark where it stands; `rows` holds one row of each table."""

    tenant_id: UUID
    marks: dict[str, str] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)

    def mark(self, place: str) -> str:
        mark = f"mark{uuid4().hex}"
        self.marks[mark] = place
        return mark


def plant(admin: psycopg.Connection, tenant_id: UUID) -> Planted:
    """`admin` is a superuser's connection that commits by itself; the tenant is there already."""
    planted, schema = Planted(tenant_id), _Schema(admin)
    for table in schema.tables_of_tenants():
        if table == "tenants":
            planted.rows[table] = {"id": tenant_id}
            admin.execute(
                "update tenants set name = %s where id = %s",
                (planted.mark("tenants.name"), tenant_id),
            )
        elif table != TOMBSTONES:
            planted.rows[table] = schema.plant_row(table, planted)
    if schema.has_jobs:
        args = {"tenant_id": str(tenant_id), "words": planted.mark("a waiting job")}
        admin.execute(
            "insert into jobs.procrastinate_jobs (queue_name, task_name, args) values (%s, %s, %s)",
            ("nobody", "nothing", json.dumps(args)),
        )
    return planted


def plant_tenant(admin: psycopg.Connection) -> UUID:
    """A tenant whose row is filled as the database's catalogue allows."""
    schema, planted = _Schema(admin), Planted(uuid4())
    return UUID(str(_insert(admin, "tenants", schema.row_of("tenants", planted))["id"]))


def find_marks(admin: psycopg.Connection, planted: Planted) -> dict[str, str]:
    """Those of the marks that stand anywhere in the database, and where they were planted."""
    tables = admin.execute(
        "select schemaname, tablename from pg_tables "
        "where schemaname not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    found = {}
    for schema, table in tables:
        name = sql.Identifier(schema, table)
        text = "\n".join(
            row[0] for row in admin.execute(sql.SQL("select t::text from {} t").format(name))
        )
        for mark, place in planted.marks.items():
            if mark in text or mark.encode().hex() in text:
                found[mark] = place
    return found


def find_orphans(admin: psycopg.Connection) -> list[str]:
    """Tables with a row that refers to nothing. Row-level security hides such rows from the check
    that a new foreign key makes."""
    found = []
    for one in _Schema(admin).references:
        pairs = zip(one["columns"], one["keys"], strict=True)
        same = " and ".join(f'c."{column}" = p."{key}"' for column, key in pairs)
        filled = " and ".join(f'c."{column}" is not null' for column in one["columns"])
        orphans = f'select from "{one["table"]}" c where {filled} and not exists '
        parent = f'(select from "{one["parent"]}" p where {same})'
        if admin.execute((orphans + parent).encode()).fetchone() is not None:
            found.append(f"{one['table']} refers to no {one['parent']}")
    return found


def _insert(admin: psycopg.Connection, table: str, row: Row) -> Row:
    statement = sql.SQL("insert into {} ({}) values ({}) returning *").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )
    with admin.cursor(row_factory=dict_row) as cursor:
        made = cursor.execute(statement, list(row.values())).fetchone()
    assert made is not None
    return made


class _Schema:
    def __init__(self, admin: psycopg.Connection) -> None:
        self.admin = admin
        with admin.cursor(row_factory=dict_row) as cursor:
            self.columns: list[Row] = cursor.execute(COLUMNS).fetchall()
            self.references: list[Row] = cursor.execute(REFERENCES).fetchall()
            self.checks: list[Row] = cursor.execute(CHECKS).fetchall()
        found = admin.execute("select to_regclass('jobs.procrastinate_jobs')").fetchone()
        self.has_jobs = bool(found and found[0])

    def tables_of_tenants(self) -> list[str]:
        """What has a tenant, a person or a session, or refers to such; each after what it refers
        to.
        """
        theirs = {
            row["table"] for row in self.columns if row["name"] in ("tenant_id", "person_id")
        } | {"tenants", "people"}
        edges = {(row["table"], row["parent"]) for row in self.references}
        while more := {table for table, parent in edges if parent in theirs} - theirs:
            theirs |= more
        ordered: list[str] = []
        while left := theirs - set(ordered):
            ready = [
                table
                for table in sorted(left)
                if not any(child == table and up in left - {table} for child, up in edges)
            ]
            assert ready, f"these refer to each other: {left}"
            ordered += ready
        return ordered

    def plant_row(self, table: str, planted: Planted) -> Row:
        """A column that a check over several columns does not let be filled is left out: as few as
        can be, those that refer to others first.
        """
        row, refused = self.row_of(table, planted), psycopg.errors.CheckViolation
        for left_out in self._ways_to_leave_out(table, row):
            try:
                made = _insert(
                    self.admin, table, {name: row[name] for name in row if name not in left_out}
                )
            except refused as error:
                last = error
                continue
            text = str(made)
            for mark in [
                mark for mark, place in planted.marks.items() if place.startswith(f"{table}.")
            ]:
                if mark not in text and mark.encode().hex() not in text:
                    del planted.marks[mark]
            return made
        raise last

    def _ways_to_leave_out(self, table: str, row: Row) -> Iterator[tuple[str, ...]]:
        needed = {
            one["name"]
            for one in self.columns
            if one["table"] == table and one["needed"] and not one["given"]
        }
        joint = {
            name
            for one in self.checks
            if one["table"] == table and len(one["columns"]) > 1
            for name in one["columns"]
            if name in row and name not in needed
        }
        ordered = sorted(joint, key=lambda name: (not isinstance(row[name], UUID), name))
        for count in range(len(ordered) + 1):
            yield from combinations(ordered, count)

    def row_of(self, table: str, planted: Planted) -> Row:
        row: Row = {}
        for column in (one for one in self.columns if one["table"] == table):
            name, kind = column["name"], column["type"]
            if column["given"] and kind not in ("text", "jsonb", "text[]"):
                continue
            value = self._value_of(table, name, kind, column["needed"], planted)
            if value is not None:
                row[name] = value
        return {**row, **self._keys_of(table, planted)}

    def _keys_of(self, table: str, planted: Planted) -> Row:
        """What refers to other tables refers to their planted rows."""
        keys: Row = {}
        for reference in (one for one in self.references if one["table"] == table):
            parent = planted.rows.get(reference["parent"])
            if parent is not None:
                for column, key in zip(reference["columns"], reference["keys"], strict=True):
                    keys[column] = parent[key]
        return keys

    def _value_of(self, table: str, name: str, kind: str, needed: bool, planted: Planted) -> Any:
        place = f"{table}.{name}"
        choices = self._choices(table, name)
        if name == "tenant_id":
            return planted.tenant_id
        if choices and kind == "text":
            return choices[0] if needed else None
        values = {
            "text": lambda: planted.mark(place),
            "text[]": lambda: [planted.mark(place)],
            "jsonb": lambda: json.dumps({"words": planted.mark(place)}),
            "uuid": lambda: None if self._refers(table, name) and not needed else uuid4(),
            "uuid[]": list,
            "boolean": lambda: False,
            "bit varying": lambda: "10110011",
            "bytea": lambda: self._bytes(table, name, planted),
            "integer": lambda: NUMBER,
            "bigint": lambda: NUMBER,
            "double precision": lambda: float(NUMBER),
            "timestamp with time zone": lambda: "2090-01-01T00:00:00Z" if needed else None,
        }
        return values[kind]()

    def _bytes(self, table: str, name: str, planted: Planted) -> bytes:
        hashed = any(
            name in one["columns"] and f"length({name}) = 32" in one["rule"]
            for one in self.checks
            if one["table"] == table
        )
        return uuid4().bytes * 2 if hashed else planted.mark(f"{table}.{name}").encode()

    def _refers(self, table: str, name: str) -> bool:
        return any(one["table"] == table and name in one["columns"] for one in self.references)

    def _choices(self, table: str, name: str) -> list[str]:
        """The words that a column is limited to."""
        rules = (
            one["rule"]
            for one in self.checks
            if one["table"] == table and one["columns"] == [name] and "ARRAY[" in one["rule"]
        )
        return [word for rule in rules for word in LITERAL.findall(rule)]
