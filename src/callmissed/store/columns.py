"""What the tables of `schema` are written with."""

from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    MetaData,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()


def id_column() -> Column[object]:
    return Column("id", Uuid, primary_key=True)


def tenant_column(*, primary_key: bool = False) -> Column[object]:
    return Column("tenant_id", Uuid, nullable=False, primary_key=primary_key)


def moment(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def text(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Text, nullable=nullable)


def number(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Integer, nullable=nullable)


def json(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, JSONB(none_as_null=True), nullable=nullable)
