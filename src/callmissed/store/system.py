"""The cross-tenant door: who may import it is written in the contracts of pyproject.toml."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class SystemDb:
    """An open transaction as role `callmissed_system`, which sees every tenant's rows."""

    connection: AsyncConnection
