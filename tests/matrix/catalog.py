"""The tables of a database as it is: what a row of each needs, so that tests can make one of any."""

import re
from dataclasses import dataclass, field

import psycopg

NOT_OURS = {"alembic_version"}

_COLUMNS = """
select table_name, column_name, udt_name, is_nullable = 'YES',
       column_default is not null or is_identity = 'YES' or is_generated = 'ALWAYS'
from information_schema.columns where table_schema = 'public' order by table_name, ordinal_position
"""
_KEYS = """
select c.conrelid::regclass::text, c.confrelid::regclass::text,
       array(select a.attname::text from unnest(c.conkey) with ordinality k(n, i)
             join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.n order by k.i),
       array(select a.attname::text from unnest(c.confkey) with ordinality k(n, i)
             join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.n order by k.i)
from pg_constraint c
where c.contype = 'f' and c.connamespace = 'public'::regnamespace order by c.conname
"""
_CHECKS = """
select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint
where contype = 'c' and connamespace = 'public'::regnamespace
"""
_CHOICE = re.compile(r"\((\w+) = ANY \(ARRAY\['([^']*)'")
_CHOICE_OF_ONE = re.compile(r"CHECK \(\((\w+) = '([^']*)'::text\)\)")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    nullable: bool
    fills_itself: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """`columns` of a table name a row of `table` by its `keys`."""

    table: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(slots=True)
class TableForm:
    """`choices` holds, for columns that take only some words, one of them."""

    name: str
    columns: dict[str, Column] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    choices: dict[str, str] = field(default_factory=dict)

    @property
    def of_a_tenant(self) -> bool:
        return "tenant_id" in self.columns


Catalog = dict[str, TableForm]


def read_catalog(connection: psycopg.Connection) -> Catalog:
    """All tables of the schema `public`."""
    tables: Catalog = {}
    for table, name, kind, nullable, fills_itself in connection.execute(_COLUMNS).fetchall():
        if table not in NOT_OURS:
            form = tables.setdefault(table, TableForm(table))
            form.columns[name] = Column(name, kind, nullable, fills_itself)
    for table, target, columns, keys in connection.execute(_KEYS).fetchall():
        tables[table].references.append(Reference(target, tuple(columns), tuple(keys)))
    for table, definition in connection.execute(_CHECKS).fetchall():
        for pattern in (_CHOICE, _CHOICE_OF_ONE):
            for column, word in pattern.findall(definition):
                tables[table].choices.setdefault(column, word)
    return tables
