"""An installation of separate servers, each of which can die by itself, on this machine."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx2

from callmissed.domain.errors import Refusal
from callmissed.runtime.children import Command
from callmissed.runtime.embedded.livekit import MediaServer, livekit_child, write_config
from callmissed.runtime.embedded.livekit_program import provide_program
from callmissed.runtime.embedded.ports import free_ports
from callmissed.runtime.embedded.postgres import (
    Cluster,
    postgres_child,
    prepare_cluster,
    prepare_database,
)
from callmissed.runtime.house import migrate, prepare_installation
from callmissed.runtime.probe import wait_until_live, wait_until_serving
from callmissed.runtime.settings import Settings, load_settings
from callmissed.runtime.supervisor import Child, Supervisor
from callmissed.store.database import Database
from tests.e2e.caller import Customer
from tests.e2e.processes import children_of, command_of
from tests.servers import CREATES_PER_MINUTE

READY_WITHIN_S = 180.0
POLL_S = 0.02
MEDIA_AWAY_S = 1.0
# What workers told before that may be of before a death.
BEATS_S = 2.5
FAKETIME = "*/faketime/libfaketime.so.1"
# As `callmissed up` stops them.
WORKER_STOP = ((signal.SIGTERM, 1.0), (signal.SIGTERM, 25.0))


class Stack:
    """Made by `open_stack`. A host is a worker with a disk of its own; hosts are numbered from 0."""

    def __init__(
        self, folder: Path, made: dict[str, str], hosts: int, env_of_last: Mapping[str, str]
    ) -> None:
        self._folder = folder
        self._made = made
        self._log = (folder / "stack.log").open("a", buffering=1)
        self._servers: dict[str, Supervisor] = {}
        self._env_of_last = env_of_last
        self.hosts = hosts
        self.cluster: Cluster
        self.media: MediaServer
        self.settings: Settings
        self.database: Database
        self.api_key = ""

    async def start(self) -> None:
        """Returns when a call would be answered."""
        await self.start_postgres()
        await prepare_database(self.cluster)
        self._made["DATABASE_URL"] = self.cluster.url()
        await self.start_media()
        self._made |= {
            "LIVEKIT_URL": self.media.url,
            "LIVEKIT_API_KEY": self.media.key,
            "LIVEKIT_API_SECRET": self.media.secret,
        }
        self.settings = load_settings(self._made)
        await asyncio.to_thread(migrate, self.settings)
        self.api_key = (await prepare_installation(self.settings)).api_key or ""
        self.database = Database(self.settings.database_url)
        await self._start(self._own("api", ready=True), "api")
        await self._start(self._own("jobs"), "jobs")
        for host in range(self.hosts):
            await self.start_host(host)
        await wait_until_serving(self.settings, READY_WITHIN_S)
        await self.until_ready()

    async def stop(self) -> None:
        if hasattr(self, "database"):
            await self.database.dispose()
        for name in reversed(list(self._servers)):
            await self._servers.pop(name).stop()
        self._log.close()

    async def start_postgres(self) -> None:
        await self._start(postgres_child(self.cluster), "postgres")

    async def stop_postgres(self) -> None:
        await self._servers.pop("postgres").stop()

    async def start_media(self) -> None:
        await self._start(livekit_child(self.media), "media")

    async def restart_media(self) -> None:
        """Killed, and back a second later."""
        await self.stop_media()
        await asyncio.sleep(MEDIA_AWAY_S)
        await self.start_media()

    def _kill_media(self) -> None:
        [pid] = [pid for pid in children_of(os.getpid()) if "livekit-server" in command_of(pid)[0]]
        os.kill(pid, signal.SIGKILL)

    async def stop_media(self) -> None:
        self._kill_media()
        await self._servers.pop("media").stop()

    async def start_host(self, host: int) -> None:
        await self._start(self._own("worker", host), f"host-{host}")

    async def stop_host(self, host: int) -> None:
        """As `callmissed up` stops a worker."""
        await self._servers.pop(f"host-{host}").stop()

    async def until_ready(self) -> None:
        """Returns when every host has all its call processes, and the database knows it."""
        await asyncio.sleep(BEATS_S)
        async with asyncio.timeout(READY_WITHIN_S):
            while not await self._is_ready():
                await asyncio.sleep(POLL_S * 5)

    def worker_pid(self, host: int = 0) -> int | None:
        for pid in children_of(os.getpid()):
            with suppress(OSError):
                if command_of(pid)[-1] == "worker" and self._is_of(pid, host):
                    return pid
        return None

    def call_pids(self, host: int = 0) -> list[int]:
        parent = self.worker_pid(host)
        return [] if parent is None else list(_call_processes(parent))

    def pids_of_host(self, host: int) -> list[int]:
        parent = self.worker_pid(host)
        return [] if parent is None else self.pids_below(parent)

    def pids_below(self, pid: int) -> list[int]:
        """Itself first, parents before children."""
        found = [pid]
        for one in found:
            with suppress(OSError):
                found += children_of(one)
        return found

    def pids_named(self, program: str) -> list[int]:
        """A server of this stack and all that it started."""
        tops = [one for one in children_of(os.getpid()) if program in command_of(one)[0]]
        return [pid for top in tops for pid in self.pids_below(top)]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """What the processes of this stack logged under that name."""
        lines = (self._folder / "stack.log").read_text().splitlines()
        found = [json.loads(one.partition(" | ")[2]) for one in lines if f'"{event}"' in one]
        return [line for line in found if line.get("event") == event]

    def journals(self) -> list[Path]:
        return list(self._folder.glob("host-*/journals/**/*.journal"))

    @asynccontextmanager
    async def customer(self) -> AsyncIterator[Customer]:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        url = f"http://127.0.0.1:{self.settings.port}"
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=10) as client:
            yield Customer(client)

    def _are_warm(self) -> bool:
        """The last thing that a call process makes ready is its decoders, processes of their own."""
        size = self.settings.worker_processes + self.settings.worker_spares
        return all(
            sum(bool(children_of(pid)) for pid in self.call_pids(host)) == size
            for host in range(self.hosts)
        )

    async def _is_ready(self) -> bool:
        with suppress(Refusal, OSError):
            return self._are_warm() and await self._count_slots() >= self._all_slots()
        return False

    async def _count_slots(self) -> int:
        from sqlalchemy import text

        async with self.database.system() as db:
            found = await db.connection.execute(
                text(
                    "select coalesce(sum(free_slots), 0) from workers where retired_at is null "
                    "and beat_at > now() - interval '2 s'"
                )
            )
            held = await db.connection.execute(
                text("select count(*) from voice_sessions where status in ('created', 'active')")
            )
            return int(found.scalar_one()) + int(held.scalar_one())

    def _all_slots(self) -> int:
        return self.hosts * self.settings.worker_processes * self.settings.worker_slots

    def _is_of(self, pid: int, host: int) -> bool:
        folder = f"CALLMISSED_DATA_DIR={self._data_dir(host)}\0"
        return folder in Path(f"/proc/{pid}/environ").read_text()

    def _data_dir(self, host: int) -> Path:
        return self._folder / f"host-{host}"

    def _own(self, name: str, host: int = 0, *, ready: bool = False) -> Child:
        made = {**self._made, "CALLMISSED_DATA_DIR": str(self._data_dir(host))}
        if host and host == self.hosts - 1:
            made |= self._env_of_last
        return Child(
            name,
            Command([sys.executable, "-m", "callmissed", name], {**os.environ, **made}),
            ready=partial(wait_until_live, self.settings) if ready else None,
            ready_within_s=READY_WITHIN_S,
            stop=WORKER_STOP if name == "worker" else ((signal.SIGTERM, 5.0),),
        )

    async def _start(self, child: Child, name: str) -> None:
        supervisor = Supervisor(lambda who, line: print(f"{who} | {line}", file=self._log))
        await supervisor.start(child)
        supervisor.keep_alive()
        self._servers[name] = supervisor


@asynccontextmanager
async def open_stack(
    folder: Path,
    *,
    hosts: int = 1,
    processes: int = 2,
    slots: int = 8,
    env_of_last: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Stack]:
    """Ready for calls; everything is gone afterwards. `env_of_last` is for the last of the hosts."""
    [api_port] = free_ports("127.0.0.1", 1)
    made = {
        "CALLMISSED_PORT": str(api_port),
        "CALLMISSED_SECRET": "secret-of-the-installation-of-the-survival-benches",
        "CALLMISSED_CREATES_PER_MINUTE": CREATES_PER_MINUTE,
        "CALLMISSED_WORKER_PROCESSES": str(processes),
        "CALLMISSED_WORKER_SLOTS": str(slots),
        "CALLMISSED_DATA_DIR": str(folder / "host-0"),
    }
    stack = Stack(folder, made, hosts, env_of_last)
    (folder / "db").mkdir(mode=0o711)
    stack.cluster = await prepare_cluster(folder / "db", "admin-password", "password")
    program = await provide_program(None, print)
    ports = free_ports("0.0.0.0", 3)
    (folder / "media").mkdir()
    secret = "secret-of-the-survival-livekit-server"
    stack.media = write_config(folder / "media", program, tuple(ports), "survival", secret)
    async with AsyncExitStack() as leaving:
        leaving.push_async_callback(stack.stop)
        await stack.start()
        yield stack


def journals_of(pid: int) -> dict[str, Path]:
    """The journals that a call process has open, by session; readable after its death through
    `/proc` no more, so open them before.
    """
    found: dict[str, Path] = {}
    with suppress(OSError):
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                target = fd.readlink()
                if target.suffix == ".journal":
                    found[target.name.rsplit("-", 1)[0]] = target
    return found


def _call_processes(parent: int) -> Iterator[int]:
    with suppress(OSError):
        for pid in children_of(parent):
            with suppress(OSError):
                if command_of(pid)[-1] == "worker-child":
                    yield pid


def skewed_clock() -> dict[str, str]:
    """The environment of a process whose wall clock is ten minutes ahead; empty without
    libfaketime.
    """
    found = next(Path("/usr/lib").glob(FAKETIME), None)
    if found is None:
        return {}
    return {"LD_PRELOAD": str(found), "FAKETIME": "+10m", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def show(figures: dict[str, object]) -> None:
    """One line of JSON, for whoever compares runs."""
    print(json.dumps(figures, default=str), flush=True)
