"""What models delivered, as JSON in rows of `turns` and `voice_sessions`."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import literal, update
from sqlalchemy.dialects.postgresql import JSONB

from callmissed.domain.models import Service
from callmissed.domain.usage import Measure, Usage
from callmissed.store.rows import OpenDb, change
from callmissed.store.schema import voice_sessions


async def add(db: OpenDb, session_id: UUID, epoch: int, seq: int, usages: Iterable[Usage]) -> None:
    """Keeps what one run of a call used, once for its note `(epoch, seq)`."""
    entry = {"epoch": epoch, "seq": seq, "usage": write_usages(usages)}
    kept = voice_sessions.c.usage
    is_new = ~kept.contains([{"epoch": epoch, "seq": seq}])
    statement = (
        update(voice_sessions)
        .where(voice_sessions.c.id == session_id, is_new)
        .values(usage=kept.op("||")(literal([entry], JSONB)))
    )
    await change(db, statement)


def write_usages(usages: Iterable[Usage]) -> list[dict[str, Any]]:
    return [asdict(usage) for usage in usages]


def read_usages(entries: Iterable[Mapping[str, Any]]) -> tuple[Usage, ...]:
    """The reverse of `write_usages`."""
    return tuple(
        Usage(
            **{
                **entry,
                "service": Service(entry["service"]),
                "measure": Measure(entry["measure"]),
            }
        )
        for entry in entries
    )
