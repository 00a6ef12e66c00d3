"""The embedded database: it keeps what it holds, leaves with its owner, harms no stranger."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from callmissed.runtime.children import Account
from callmissed.runtime.embedded.folders import make_data_dir, server_account
from callmissed.runtime.embedded.postgres import (
    bundled_programs,
    database_url,
    postgres_child,
    prepare_cluster,
    prepare_database,
)
from callmissed.runtime.embedded.secrets import keep_secrets
from callmissed.runtime.faults import StartError
from callmissed.runtime.supervisor import Supervisor
from tests.runtime.lines import Lines
from tests.runtime.processes import is_gone_in_time
from tests.servers import running_postgres

AS_ROOT = os.geteuid() == 0
OWNER = """
import asyncio, sys
from pathlib import Path
from tests.servers import running_postgres

async def main():
    async with running_postgres(Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""

OWNER_FOR_A_MOMENT = OWNER.replace("await asyncio.Event().wait()", "pass")


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's user that has nothing to do with it."""
    process = start_as(server_account(), ["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def start_as(account: Account | None, argv: Sequence[str]) -> subprocess.Popen[bytes]:
    uid, gid = (account.uid, account.gid) if account else (None, None)
    return subprocess.Popen(argv, cwd="/", user=uid, group=gid)


def server_pid(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])


def write_pid(path: Path, pid: int) -> None:
    path.write_text(f"{pid}\n/elsewhere\n1\n5432\n")


async def rows(url: str, query: str) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        return await (await connection.execute(query)).fetchall()


async def write_row(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("create table if not exists kept (n int)")
        await connection.execute("insert into kept values (7)")


async def test_data_survives_a_restart(data_dir: Path) -> None:
    async with running_postgres(data_dir) as url:
        await write_row(url)
    async with running_postgres(data_dir) as url:
        assert await rows(url, "select n from kept") == [(7,)]


async def test_the_role_cannot_step_over_row_level_security(postgres_url: str) -> None:
    rights = "rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolcanlogin"
    found = await rows(postgres_url, f"select {rights} from pg_roles where rolname = current_user")
    assert found == [(False, False, False, True, True)]


async def test_text_is_utf8_and_lowered_in_every_script(postgres_url: str) -> None:
    assert await rows(postgres_url, "select lower('ÀЖ'), current_setting('server_encoding')") == [
        ("àж", "UTF8")
    ]


async def test_a_wrong_password_opens_nothing(data_dir: Path) -> None:
    async with running_postgres(data_dir):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            await psycopg.AsyncConnection.connect(database_url(data_dir, "guessed"))


async def test_the_socket_and_the_files_are_private(data_dir: Path) -> None:
    async with running_postgres(data_dir):
        for folder in ("postgres", "run"):
            assert stat.S_IMODE((data_dir / folder).stat().st_mode) == 0o700


async def test_a_killed_owner_leaves_no_server_and_whole_data(data_dir: Path) -> None:
    argv = [sys.executable, "-c", OWNER, str(data_dir)]
    owner = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    await write_row(owner.stdout.readline().strip())
    server = server_pid(data_dir)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert is_gone_in_time(server)
    async with running_postgres(data_dir) as url:
        assert await rows(url, "select n from kept") == [(7,)]


async def test_a_strangers_number_in_a_lock_file_stops_nothing_and_harms_nobody(
    data_dir: Path, stranger: subprocess.Popen[bytes]
) -> None:
    async with running_postgres(data_dir) as url:
        await write_row(url)
    write_pid(data_dir / "postgres" / "postmaster.pid", stranger.pid)
    write_pid(data_dir / "run" / ".s.PGSQL.5432.lock", stranger.pid)
    async with running_postgres(data_dir) as url:
        assert await rows(url, "select n from kept") == [(7,)]
    assert stranger.poll() is None


async def test_a_server_that_outlived_its_owner_is_ended_first(data_dir: Path) -> None:
    async with running_postgres(data_dir):
        pass
    cluster = await prepare_cluster(data_dir, "admin-password", "password")
    child = postgres_child(cluster)
    assert child.ready is not None
    leftover = start_as(child.command.run_as, child.command.argv)
    await child.ready()
    async with running_postgres(data_dir):
        assert server_pid(data_dir) != leftover.pid
        assert leftover.wait(30) == 0


async def test_a_server_that_dies_comes_back_with_its_data(data_dir: Path) -> None:
    cluster = await prepare_cluster(data_dir, "admin-password", "password")
    lines = Lines()
    async with Supervisor(lines) as supervisor:
        await supervisor.start(postgres_child(cluster))
        await prepare_database(cluster)
        supervisor.keep_alive()
        await write_row(cluster.url())
        os.kill(server_pid(data_dir), signal.SIGKILL)
        await lines.next("runs again")
        assert await rows(cluster.url(), "select n from kept") == [(7,)]


async def test_a_folder_with_a_long_path_gets_a_short_socket(data_dir: Path) -> None:
    deep = data_dir / ("long" * 25)
    make_data_dir(deep)
    async with running_postgres(deep) as url:
        assert str(deep) not in url
        assert await rows(url, "select 1") == [(1,)]


async def test_a_folder_of_another_major_version_is_refused(data_dir: Path) -> None:
    async with running_postgres(data_dir):
        pass
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(StartError) as caught:
        await prepare_cluster(data_dir, "admin-password", "password")
    assert "PostgreSQL 17" in str(caught.value)


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as another user")
async def test_a_folder_that_the_servers_user_cannot_reach_is_named(data_dir: Path) -> None:
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    inside = closed / "data"
    make_data_dir(inside)
    with pytest.raises(StartError) as caught:
        await prepare_cluster(inside, "admin-password", "password")
    assert str(closed) in caught.value.hint


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as another user")
async def test_a_new_private_folder_is_opened_for_passing_only(data_dir: Path) -> None:
    private = data_dir / "private"
    private.mkdir(mode=0o700)
    keep_secrets(private)
    await prepare_cluster(private, "admin-password", "password")
    assert stat.S_IMODE(private.stat().st_mode) == 0o711


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as another user")
def test_programs_that_the_servers_user_cannot_reach_are_copied(data_dir: Path) -> None:
    closed, inside = data_dir / "closed", data_dir / "data"
    closed.mkdir(mode=0o700)
    inside.mkdir(mode=0o711)
    package = bundled_programs().parents[1]
    for folder in (package, package.with_name(f"{package.name}.libs")):
        left_out = shutil.ignore_patterns("pginstall", "__pycache__")
        shutil.copytree(folder, closed / folder.name, symlinks=True, ignore=left_out)
    argv = [sys.executable, "-W", "ignore", "-c", OWNER_FOR_A_MOMENT, str(inside)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(closed), *sys.path])}
    subprocess.run(argv, env=env, check=True, timeout=120)
    assert list(inside.glob("postgres-programs-*"))


def test_a_folder_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(StartError, match="cannot be made"):
        make_data_dir(Path("/proc/callmissed"))
