"""`callmissed up`: the whole installation, its deaths and returns."""

import os
import re
import signal
import threading
import time
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from callmissed.kit.tokens import mint_key
from tests.cli.test_commands import callmissed
from tests.runtime.processes import is_gone_in_time, processes_with
from tests.servers import Installation, running_installation

PATIENCE_S = 120.0


def status(base_url: str, path: str, key: str | None) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx2.get(base_url + path, headers=headers, timeout=30).status_code


def line_in(log: Path, pattern: str) -> str:
    """The first line of the log that fits, once it is there."""
    deadline_s, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while time.monotonic() < deadline_s:
        if found := re.search(pattern, log.read_text()):
            return found.group()
        pause.wait(0.05)
    raise AssertionError(f"no line {pattern!r} in:\n{log.read_text()}")


def postgres_pid(installation: Installation) -> int:
    lock = installation.data_dir / "postgres" / "postmaster.pid"
    return int(lock.read_text().split("\n", 1)[0])


def pid_of(door: str, marker: str) -> int:
    """The process of one door of the installation that carries `marker`."""
    for pid in processes_with(marker):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if words[1:4] == [b"-m", b"callmissed", door.encode()]:
            return pid
    raise AssertionError(f"no {door} runs")


def test_a_first_start_tells_its_address_a_key_and_the_owners_link(
    installation: Installation,
) -> None:
    assert installation.api_key
    assert installation.owner_link
    assert installation.owner_link.startswith(f"{installation.base_url}/claim#")
    assert status(installation.base_url, "/health/ready", None) == 200
    assert status(installation.base_url, "/v1/bots", installation.api_key) == 200
    assert status(installation.base_url, "/v1/bots", mint_key("cm")) == 401


def test_no_secret_stands_in_what_the_processes_log(installation: Installation) -> None:
    logged = [line for line in installation.log.read_text().splitlines() if " | " in line]
    assert installation.api_key
    assert installation.owner_link
    secrets = (installation.api_key, installation.owner_link.partition("#")[2])
    assert not [line for line in logged if any(secret in line for secret in secrets)]


def test_a_second_start_on_the_same_folder_refuses_politely(installation: Installation) -> None:
    said = callmissed("up", "--data-dir", str(installation.data_dir), "--port", "21099")
    assert said.returncode == 1
    assert f"process {installation.process.pid}, {installation.base_url}" in said.stderr
    assert status(installation.base_url, "/health/ready", None) == 200


def test_a_tenant_is_made_beside_a_running_installation(installation: Installation) -> None:
    said = callmissed("tenant", "create", "Second", "--data-dir", str(installation.data_dir))
    assert said.returncode == 0, said.stderr
    key = said.stdout.partition("api key: ")[2].strip()
    assert status(installation.base_url, "/v1/bots", key) == 200


def test_keys_are_made_listed_and_revoked_beside_a_running_installation(
    installation: Installation,
) -> None:
    where = ("--data-dir", str(installation.data_dir))
    said = callmissed("key", "create", "CI", "--permission", "bots:read", "--rpm", "600", *where)
    assert said.returncode == 0, said.stderr
    key_id, key = [line.partition(": ")[2] for line in said.stdout.splitlines()]
    assert status(installation.base_url, "/v1/bots", key) == 200
    listed = callmissed("key", "list", *where).stdout
    assert key_id in listed and "(bots:read)" in listed and key not in listed
    assert callmissed("key", "revoke", key_id, *where).returncode == 0
    assert status(installation.base_url, "/v1/bots", key) == 401
    assert key_id not in callmissed("key", "list", *where).stdout
    wrong = callmissed("key", "create", "CI", "--permission", "bot:read", *where)
    assert wrong.returncode == 1
    assert "hint: Did you mean bots:read?" in wrong.stderr


@pytest.mark.timeout(400)
def test_deaths_and_returns_of_an_installation(data_dir: Path) -> None:
    key, marker = mint_key("cm"), f"TEST_MARKER={uuid4().hex}"
    settings = {"TEST_MARKER": marker.partition("=")[2], "CALLMISSED_INIT_API_KEY": key}

    with running_installation(data_dir, **settings) as first:
        assert first.api_key is None, "a key that was given is not shown"
        assert status(first.base_url, "/v1/bots", key) == 200
        os.kill(pid_of("api", marker), signal.SIGKILL)
        line_in(first.log, r"api +\| runs again")
        assert status(first.base_url, "/v1/bots", key) == 200
        family = [*processes_with(marker), postgres_pid(first)]
        first.process.kill()
        assert all(is_gone_in_time(pid) for pid in family)
        assert processes_with(marker) == []

    with running_installation(data_dir, **settings) as second:
        assert second.api_key is None
        assert second.owner_link, "the link is told until it is used"
        assert first.owner_link
        assert second.owner_link.partition("#")[2] == first.owner_link.partition("#")[2]
        assert status(second.base_url, "/v1/bots", key) == 200
        server = postgres_pid(second)
        assert second.stop() == 0
        assert processes_with(marker) == []
        assert is_gone_in_time(server)
