"""Journals with a note that the database refused: kept for whoever hosts the installation, as long
as their session is.
"""

import contextlib
from pathlib import Path
from uuid import UUID

import structlog

from callmissed.runtime.backlog import backlog_of
from callmissed.runtime.shipping import REFUSED_SUFFIX
from callmissed.services.calls import find_known
from callmissed.store.database import Database

log = structlog.get_logger("callmissed.shipping")


class RefusedJournals:
    """Those in the folders of all workers of this host, living and dead, under `root`."""

    def __init__(self, root: Path, database: Database) -> None:
        self._root = root
        self._database = database

    async def remove_deleted(self) -> None:
        """Looks once: those of sessions whose data was deleted go."""
        paths = list(self._root.glob(f"*/*{REFUSED_SUFFIX}"))
        found = {path: session_of(path) for path in paths}
        ids = {session_id for session_id in found.values() if session_id is not None}
        if not ids:
            return
        async with self._database.system() as db:
            known = await find_known(db, ids)
        for path, session_id in found.items():
            if session_id is not None and session_id not in known:
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
                log.info("refused_journal_removed", session_id=str(session_id))


def session_of(path: Path) -> UUID | None:
    """None for a file that is not named like a journal."""
    backlog = backlog_of(path.with_suffix(""))
    return None if backlog is None else backlog.session_id
