"""Journals whose worker died before it could ship them."""

from pathlib import Path

import structlog

from callmissed.runtime.backlog import backlog_of
from callmissed.runtime.journal_folders import JournalFolder, has_writer, orphaned_folders
from callmissed.runtime.shipping import Shipper

log = structlog.get_logger("callmissed.worker.adoption")


class Adopter:
    """Gives the shipper what dead workers left under `root`; a folder is removed when it was
    shipped.
    """

    def __init__(self, root: Path, shipper: Shipper) -> None:
        self._root = root
        self._shipper = shipper
        self._folders: list[JournalFolder] = []

    async def adopt(self) -> None:
        """Looks once. A journal that somebody still writes is left for the next time."""
        self._folders += orphaned_folders(self._root)
        for folder in list(self._folders):
            self._adopt_from(folder)

    def _adopt_from(self, folder: JournalFolder) -> None:
        paths = folder.journals()
        for path in paths:
            backlog = backlog_of(path)
            if backlog is not None and not has_writer(path):
                log.info("journal_adopted", session_id=str(backlog.session_id))
                self._shipper.adopt(backlog)
        if not paths:
            folder.release()
            self._folders.remove(folder)
