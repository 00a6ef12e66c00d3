"""The command line: what it says when something is wrong, and its small commands."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from callmissed.kit.tokens import key_is_well_formed, mint_key


def callmissed(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end."""
    argv = [sys.executable, "-m", "callmissed", *words]
    env = {**os.environ, **settings}
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120)


def test_a_minted_key_is_well_formed() -> None:
    said = callmissed("key", "mint")
    assert said.returncode == 0
    assert key_is_well_formed(said.stdout.strip(), "cm")


def test_the_version_is_a_number() -> None:
    assert callmissed("version").stdout.strip()[0].isdigit()


def test_the_command_line_loads_without_the_product() -> None:
    heavy = "{'sqlalchemy', 'fastapi', 'livekit', 'pydantic', 'psycopg', 'numpy'}"
    code = f"import sys, callmissed.cli.app; print(sorted({heavy} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.stdout.strip() == "[]"


def test_settings_are_listed_with_the_values_in_force_but_no_secret() -> None:
    said = callmissed("settings", CALLMISSED_PORT="9000", CALLMISSED_SECRET="open sesame")
    assert "CALLMISSED_PORT = 9000" in said.stdout
    assert "CALLMISSED_HOST = default: 127.0.0.1" in said.stdout
    assert "open sesame" not in said.stdout


@pytest.mark.parametrize("door", ["api", "jobs", "worker", "migrate", "worker-child"])
def test_a_door_without_its_settings_names_the_first_and_how_to_make_it(door: str) -> None:
    said = callmissed(door)
    assert said.returncode == 2
    assert "error: CALLMISSED_SECRET is required and not set." in said.stderr
    assert "openssl rand -hex 32" in said.stderr


def test_a_misspelt_setting_stops_the_start() -> None:
    said = callmissed("up", CALLMISSED_PROT="9000")
    assert said.returncode == 2
    assert "error: CALLMISSED_PROT is not the name of a setting." in said.stderr
    assert "hint: Did you mean CALLMISSED_PORT?" in said.stderr


def test_a_misspelt_setting_of_a_server_that_comes_along_stops_the_start() -> None:
    said = callmissed("up", DATABSE_URL="postgresql://db/callmissed")
    assert said.returncode == 2
    assert "hint: Did you mean DATABASE_URL?" in said.stderr


def test_half_a_livekit_is_refused() -> None:
    said = callmissed("up", LIVEKIT_URL="ws://127.0.0.1:7880")
    assert said.returncode == 2
    assert "error: LIVEKIT_API_KEY is required and not set." in said.stderr


def test_a_key_with_a_wrong_checksum_stops_the_start() -> None:
    key = mint_key("cm")
    wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
    said = callmissed("up", CALLMISSED_INIT_API_KEY=wrong)
    assert said.returncode == 2
    assert "callmissed key mint" in said.stderr
    assert wrong not in said.stderr


def test_a_port_in_use_is_said_before_anything_is_started(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = callmissed("up", "--data-dir", str(data_dir), "--port", str(port))
    assert said.returncode == 1
    assert f"port {port} on 127.0.0.1 is in use by another program" in said.stderr
    assert not (data_dir / "postgres").exists()


def test_a_folder_that_cannot_be_made_is_said() -> None:
    said = callmissed("up", "--data-dir", "/proc/callmissed")
    assert said.returncode == 1
    assert "cannot be made" in said.stderr
    assert "--data-dir" in said.stderr
