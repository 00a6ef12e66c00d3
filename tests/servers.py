"""Servers that run for the length of a block, under the supervisor that `callmissed up` uses."""

import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from callmissed.runtime.embedded.livekit import MediaServer, livekit_child, write_config
from callmissed.runtime.embedded.livekit_program import provide_program
from callmissed.runtime.embedded.ports import free_ports
from callmissed.runtime.embedded.postgres import postgres_child, prepare_cluster, prepare_database
from callmissed.runtime.supervisor import Supervisor


@contextmanager
def short_folder() -> Iterator[Path]:
    """A fresh folder with a short path that every user can pass, for sockets and servers."""
    folder = Path(tempfile.mkdtemp(prefix="cm-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def running_postgres(
    data_dir: Path, admin_password: str = "admin-password", password: str = "password"
) -> AsyncIterator[str]:
    """Yields the address of the database `callmissed`, whose owner may make roles."""
    cluster = await prepare_cluster(data_dir, admin_password, password)
    async with Supervisor(show) as supervisor:
        await supervisor.start(postgres_child(cluster))
        await prepare_database(cluster)
        supervisor.keep_alive()
        yield cluster.url()


@asynccontextmanager
async def running_livekit(data_dir: Path, key: str, secret: str) -> AsyncIterator[MediaServer]:
    program = await provide_program(None, print)
    port, tcp_port, udp_port = free_ports("0.0.0.0", 3)
    server = write_config(data_dir, program, (port, tcp_port, udp_port), key, secret)
    async with Supervisor(show) as supervisor:
        await supervisor.start(livekit_child(server))
        supervisor.keep_alive()
        yield server


def show(name: str, line: str) -> None:
    print(f"{name} | {line}", file=sys.stderr)
