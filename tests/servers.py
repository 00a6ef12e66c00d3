"""Servers that run for the length of a block, under the supervisor that `callmissed up` uses."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from callmissed.runtime.children import tie_to_parent
from callmissed.runtime.embedded.livekit import MediaServer, livekit_child, write_config
from callmissed.runtime.embedded.livekit_program import provide_program
from callmissed.runtime.embedded.ports import free_ports, is_free
from callmissed.runtime.embedded.postgres import postgres_child, prepare_cluster, prepare_database
from callmissed.runtime.supervisor import Supervisor
from tests.canaries import find_canaries, logged_by_children, note

READY_WITHIN_S = 170.0
STOP_WITHIN_S = 60.0
# Tests and benches make more sessions than a customer.
CREATES_PER_MINUTE = "10000"


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


@dataclass(frozen=True, slots=True)
class Installation:
    """A whole `callmissed up` that answers. `api_key` is None where this start made none; `log`
    holds all that was printed; `metrics_port` is the first of three."""

    base_url: str
    api_key: str | None
    owner_link: str | None
    data_dir: Path
    log: Path
    process: subprocess.Popen[bytes]
    metrics_port: int

    def stop(self) -> int:
        """Ends it as Ctrl-C does, once; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_WITHIN_S)


@contextmanager
def running_installation(folder: Path, **settings: str) -> Iterator[Installation]:
    """Starts `callmissed up` on free ports with its data in `folder`/data, and ends it with the
    block. Started again in the same folder it finds what it left there.

    Raises AssertionError where its processes logged a secret or words of a call.
    """
    data_dir, ready, log = folder / "data", folder / "ready.json", folder / "up.log"
    ready.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "callmissed", "up", "--ready-json", str(ready)]
    argv += ["--data-dir", str(data_dir), "--port", str(free_ports("127.0.0.1", 1)[0])]
    environment = {
        **os.environ,
        "CALLMISSED_CREATES_PER_MINUTE": CREATES_PER_MINUTE,
        "CALLMISSED_METRICS_PORT": str(_three_free_ports("127.0.0.1")),
        **settings,
    }
    with log.open("ab") as file:
        process = subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            preexec_fn=tie_to_parent(signal.SIGTERM),
        )
    metrics_port = int(environment["CALLMISSED_METRICS_PORT"])
    try:
        _wait_for(ready, process, log)
        found = json.loads(ready.read_text())
        note(found["api_key"] or "", "the first key")
        note((found["owner_link"] or "").partition("#")[2], "the owner link")
        installation = Installation(
            **found, data_dir=data_dir, log=log, process=process, metrics_port=metrics_port
        )
        yield installation
        installation.stop()
        assert not find_canaries(logged_by_children(log.read_text())), log
    finally:
        process.kill()
        process.wait()


def _three_free_ports(host: str) -> int:
    """The first of three in a row that are free just now."""
    while True:
        (first,) = free_ports(host, 1)
        if all(is_free(host, first + more, socket.SOCK_STREAM) for more in (1, 2)):
            return first


def _wait_for(ready: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s, pause = time.monotonic() + READY_WITHIN_S, threading.Event()
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise AssertionError(f"`callmissed up` did not get ready:\n{log.read_text()}")
        pause.wait(0.05)
