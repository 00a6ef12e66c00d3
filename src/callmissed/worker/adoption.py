"""Journals whose worker died before it could ship them, and the sessions that it held."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import structlog

from callmissed.runtime.backlog import backlog_of
from callmissed.runtime.journal_folders import JournalFolder, has_writer, orphaned_folders
from callmissed.runtime.shipping import Shipper

log = structlog.get_logger("callmissed.worker.adoption")


class Adopter:
    """Gives the shipper what dead workers left under `root`. When a folder's last note was shipped
    it is removed, and `retire` is told of its worker: the lock on the folder has proved its death,
    so that no lease need lapse before others take its sessions.
    """

    def __init__(
        self, root: Path, shipper: Shipper, retire: Callable[[UUID], Awaitable[None]]
    ) -> None:
        self._root = root
        self._shipper = shipper
        self._retire = retire
        self._folders: list[JournalFolder] = []

    async def adopt(self) -> None:
        """Looks once. A journal that somebody still writes is left for the next time."""
        self._folders += orphaned_folders(self._root)
        for folder in self._folders:
            self._adopt_from(folder)
        if self._folders and await self._shipper.ship_once():
            for folder in [one for one in self._folders if not one.journals()]:
                await self._bury(folder)

    def _adopt_from(self, folder: JournalFolder) -> None:
        for path in folder.journals():
            backlog = backlog_of(path)
            if backlog is not None and not has_writer(path):
                log.info("journal_adopted", session_id=str(backlog.session_id))
                self._shipper.adopt(backlog)

    async def _bury(self, folder: JournalFolder) -> None:
        if (worker_id := _worker_of(folder)) is not None:
            await self._retire(worker_id)
        folder.release()
        self._folders.remove(folder)


def _worker_of(folder: JournalFolder) -> UUID | None:
    try:
        return UUID(folder.path.name)
    except ValueError:
        return None
