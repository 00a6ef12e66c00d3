"""Whatever a file tries, its reader ends soon, says why, and takes nobody with it."""

import os
import resource
import socket
from pathlib import Path

import pytest

from callmissed.kit.documents.child import confine
from callmissed.kit.documents.kinds import UnreadableError
from tests.hostile import FILES
from tests.kit.documents.test_reading import read

PARENT_GROWS_BYTES = 50 << 20
COULD_NOT_OPEN = 7


def own_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.parametrize("name", FILES)
async def test_a_hostile_file_ends_in_a_clear_error(name: str, tmp_path: Path) -> None:
    data = FILES[name]()
    before_bytes = own_bytes()
    with pytest.raises(UnreadableError) as caught:
        await read(tmp_path, name, data)
    assert own_bytes() - before_bytes < PARENT_GROWS_BYTES
    assert str(caught.value).startswith(("It ", "Page ")) and str(caught.value).endswith(".")


def test_a_confined_process_reaches_neither_files_nor_network() -> None:
    child = os.fork()
    if child == 0:
        confine()
        refused = 0
        for attempt in (socket.socket, lambda: Path("/etc/passwd").read_bytes()):
            try:
                attempt()
            except OSError:
                refused += 1
        os._exit(COULD_NOT_OPEN if refused == 2 else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == COULD_NOT_OPEN
