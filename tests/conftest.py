"""Real servers for the tests: PostgreSQL, livekit-server, and once a run the whole installation."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from callmissed.runtime.embedded.livekit import running_livekit, write_config
from callmissed.runtime.embedded.livekit_program import provide_program
from callmissed.runtime.embedded.ports import free_ports
from callmissed.runtime.embedded.postgres import running_postgres


@dataclass(frozen=True, slots=True)
class LiveKit:
    """A livekit-server that makes no room by itself."""

    url: str
    key: str
    secret: str


@contextmanager
def short_folder() -> Iterator[Path]:
    """A fresh folder with a short path that every user can pass, for sockets and servers."""
    folder = Path(tempfile.mkdtemp(prefix="cm-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture(autouse=True, scope="session")
def clean_environment() -> None:
    """Settings of the shell that runs the tests do not leak into them."""
    for name in list(os.environ):
        if name.startswith(("CALLMISSED_", "LIVEKIT_")) or name == "DATABASE_URL":
            del os.environ[name]


@pytest_asyncio.fixture(scope="session")
async def postgres_url(clean_environment: None) -> AsyncIterator[str]:
    """`postgresql://…` of a fresh database whose owner may make roles; not migrated."""
    with short_folder() as folder:
        async with running_postgres(folder, "admin-password", "password") as url:
            yield url


@pytest_asyncio.fixture(scope="session")
async def livekit(clean_environment: None) -> AsyncIterator[LiveKit]:
    with short_folder() as folder:
        program = await provide_program(None, print)
        port, tcp_port, udp_port = free_ports("0.0.0.0", 3)
        ports, secret = (port, tcp_port, udp_port), "secret-of-the-tests-livekit-server"
        server = write_config(folder, program, ports, "tests", secret)
        async with running_livekit(server):
            yield LiveKit(server.url, "tests", secret)
