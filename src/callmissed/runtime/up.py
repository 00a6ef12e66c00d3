"""The whole installation on one machine: servers, API, jobs and worker as one tree of processes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from callmissed.domain.installation import FirstStart
from callmissed.runtime.catalogs import read_catalog
from callmissed.runtime.children import Command
from callmissed.runtime.embedded import livekit, postgres
from callmissed.runtime.embedded.folders import make_data_dir
from callmissed.runtime.embedded.holding import hold_folder
from callmissed.runtime.embedded.livekit_program import provide_program
from callmissed.runtime.embedded.ports import check_public_port
from callmissed.runtime.embedded.secrets import InstallationSecrets, keep_secrets, write_private
from callmissed.runtime.probe import answering_address, wait_until_live, wait_until_serving
from callmissed.runtime.progress import Say, told
from callmissed.runtime.settings import Settings, load_settings
from callmissed.runtime.supervisor import Child, Show, Supervisor

OWNER_LINK_FILE = "owner-link"
LIVEKIT_NAMES = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
# Stand for what `up` makes itself, while the rest is checked before anything is started.
STAND_INS = {
    "CALLMISSED_SECRET": "stands-in-for-the-secret-until-it-is-made",
    "DATABASE_URL": "postgresql://embedded",
    "LIVEKIT_URL": "ws://embedded",
    "LIVEKIT_API_KEY": "embedded",
    "LIVEKIT_API_SECRET": "stands-in-for-that-of-the-media-server",
}
READY_WITHIN_S = 180.0
STOP = ((signal.SIGTERM, 5.0), (signal.SIGTERM, 5.0))
# At the second signal its agents say goodbye, then it ships what is left.
STOPS = {"worker": ((signal.SIGTERM, 1.0), (signal.SIGTERM, 25.0))}


@dataclass(frozen=True, slots=True)
class Ready:
    """What a finished start has to say. `api_key` is there only where this start made it,
    `owner_link` until it was used."""

    base_url: str
    owner_link: str | None
    api_key: str | None


async def run_up(given: Mapping[str, str], ready_file: Path | None, say: Say, show: Show) -> None:
    """Runs until SIGINT, SIGTERM or SIGHUP, then stops everything; a second signal hurries it.

    `given` are settings that win over the environment; `say` prints to the person who started it,
    `show` what a child logs. Raises SettingsError and StartError.
    """
    settings = load_settings(given, _stand_ins(given))
    read_catalog(settings)
    _forget_last_start(ready_file)
    make_data_dir(settings.data_dir)
    with hold_folder(settings.data_dir, settings.public_url):
        check_public_port(settings.host, settings.port)
        secrets = keep_secrets(settings.data_dir)
        async with Supervisor(show) as supervisor:
            stop = _listen_to_signals(supervisor, say)
            ready = await _first(stop, _bring_up(supervisor, settings, secrets, given, say))
            if ready is None:
                return
            supervisor.keep_alive()
            _announce(settings, ready, ready_file, say)
            await stop.wait()


async def _bring_up(
    supervisor: Supervisor,
    settings: Settings,
    secrets: InstallationSecrets,
    given: Mapping[str, str],
    say: Say,
) -> Ready:
    made: dict[str, str] = {"CALLMISSED_DATA_DIR": str(settings.data_dir), **given}
    if not os.environ.get("CALLMISSED_SECRET"):
        made["CALLMISSED_SECRET"] = secrets.secret
    if not os.environ.get("DATABASE_URL"):
        made["DATABASE_URL"] = await _start_postgres(supervisor, settings, secrets, say)
    if not _has_livekit():
        made |= await _start_livekit(supervisor, settings, secrets, say)
    settings = load_settings(made)
    first = await _prepare(settings, say)
    async with told(say, "Waiting for the API and a worker"):
        await asyncio.gather(
            supervisor.start(_own_child("api", made, partial(wait_until_live, settings))),
            supervisor.start(_own_child("jobs", made)),
            supervisor.start(_own_child("worker", made)),
        )
        serving = asyncio.ensure_future(wait_until_serving(settings, READY_WITHIN_S))
        await asyncio.wait({serving, supervisor.failed}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            serving.cancel()
            supervisor.failed.result()
        serving.result()
    base_url = await answering_address(settings, say)
    link = first.owner_link_secret
    return Ready(base_url, f"{base_url}/claim#{link}" if link else None, first.api_key)


async def _start_postgres(
    supervisor: Supervisor, settings: Settings, secrets: InstallationSecrets, say: Say
) -> str:
    passwords = (secrets.postgres_admin_password, secrets.postgres_password)
    async with told(say, "Starting PostgreSQL"):
        cluster = await postgres.prepare_cluster(settings.data_dir, *passwords)
        await supervisor.start(postgres.postgres_child(cluster))
        await postgres.prepare_database(cluster)
    return cluster.url()


async def _start_livekit(
    supervisor: Supervisor, settings: Settings, secrets: InstallationSecrets, say: Say
) -> dict[str, str]:
    program = await provide_program(settings.livekit_server, say)
    ports = livekit.choose_ports(settings.livekit_port)
    key, secret = secrets.livekit_api_key, secrets.livekit_api_secret
    server = livekit.write_config(settings.data_dir, program, ports, key, secret)
    await supervisor.start(livekit.livekit_child(server))
    say(f"LiveKit's TCP port {server.tcp_port} listens on every interface, its others on loopback.")
    return dict(zip(LIVEKIT_NAMES, (server.url, key, secret), strict=True))


async def _prepare(settings: Settings, say: Say) -> FirstStart:
    """The schema is current and the first tenant is there."""
    from callmissed.runtime.house import migrate, prepare_installation

    async with told(say, "Bringing the database up to date"):
        await asyncio.to_thread(migrate, settings)
        return await prepare_installation(settings)


def _forget_last_start(ready_file: Path | None) -> None:
    if ready_file is not None:
        ready_file.unlink(missing_ok=True)


def _own_child(
    name: str, made: Mapping[str, str], ready: Callable[[], Awaitable[None]] | None = None
) -> Child:
    """One of our own processes; what only the first start needs stays out of its environment."""
    env = {**os.environ, **made, "PYTHONUNBUFFERED": "1"}
    env = {key: value for key, value in env.items() if not key.startswith("CALLMISSED_INIT_")}
    command = Command([sys.executable, "-m", "callmissed", name], env)
    return Child(
        name,
        command,
        ready=ready,
        ready_within_s=READY_WITHIN_S,
        stop=STOPS.get(name, STOP),
    )


def _stand_ins(given: Mapping[str, str]) -> dict[str, str]:
    missing = {name for name in STAND_INS if not (os.environ.get(name) or given.get(name))}
    if _has_livekit():
        missing.difference_update(LIVEKIT_NAMES)
    return {name: STAND_INS[name] for name in missing}


def _has_livekit() -> bool:
    """One of the three says that a LiveKit server is there; all three are needed then."""
    return any(os.environ.get(name) for name in LIVEKIT_NAMES)


def _listen_to_signals(supervisor: Supervisor, say: Say) -> asyncio.Event:
    stop = asyncio.Event()

    def note() -> None:
        if stop.is_set():
            supervisor.hurry()
            return
        say("Stopping ...")
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, note)
    return stop


async def _first(stop: asyncio.Event, work: Coroutine[Any, Any, Ready]) -> Ready | None:
    """The result of `work`, or None where the stop came first."""
    working = asyncio.create_task(work)
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if stop.is_set():
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return None
    return working.result()


def _announce(settings: Settings, ready: Ready, ready_file: Path | None, say: Say) -> None:
    link_file = settings.data_dir / OWNER_LINK_FILE
    say(f"\nCallMissed is ready: {ready.base_url}\n")
    if ready.owner_link:
        write_private(link_file, ready.owner_link + "\n")
        say(f"  Owner link, works once: {ready.owner_link}")
    else:
        link_file.unlink(missing_ok=True)
    if ready.api_key:
        say(f"  API key, shown once:    {ready.api_key}")
    say(f"  Next: open {'the owner link' if ready.owner_link else 'the address'} and press Talk.\n")
    if ready_file is not None:
        found = {"base_url": ready.base_url, "owner_link": ready.owner_link}
        write_private(ready_file, json.dumps({**found, "api_key": ready.api_key}, indent=2) + "\n")
