"""What is checked before anything is started: the folder, the port, the secrets."""

import os
import socket
import stat
from pathlib import Path

import pytest

from callmissed.runtime.embedded.holding import hold_folder
from callmissed.runtime.embedded.ports import check_public_port, free_ports
from callmissed.runtime.embedded.secrets import FILE_NAME, keep_secrets
from callmissed.runtime.faults import StartError


def test_a_port_in_use_is_named_with_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError) as caught:
            check_public_port("127.0.0.1", port)
    assert f"port {port} on 127.0.0.1 is in use" in str(caught.value)
    assert "--port " in caught.value.hint


def test_a_free_port_is_fine() -> None:
    check_public_port("127.0.0.1", free_ports("127.0.0.1", 1)[0])


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_refused(host: str) -> None:
    with pytest.raises(StartError) as caught:
        check_public_port(host, 8080)
    assert caught.value.where == "CALLMISSED_HOST"


def test_a_second_holder_is_told_who_the_first_is(data_dir: Path) -> None:
    with (
        hold_folder(data_dir, "http://127.0.0.1:8080"),
        pytest.raises(StartError) as caught,
        hold_folder(data_dir, "http://127.0.0.1:9"),
    ):
        pass
    assert f"process {os.getpid()}, http://127.0.0.1:8080" in str(caught.value)


def test_a_folder_that_was_let_go_can_be_held_again(data_dir: Path) -> None:
    for _ in range(2):
        with hold_folder(data_dir, "http://127.0.0.1:8080"):
            pass


def test_secrets_are_made_once_and_private(data_dir: Path) -> None:
    made = keep_secrets(data_dir)
    assert keep_secrets(data_dir) == made
    assert stat.S_IMODE((data_dir / FILE_NAME).stat().st_mode) == 0o600
    assert len(made.secret) >= 32
    assert len(made.livekit_api_secret) >= 32


def test_lost_secrets_are_not_made_anew_over_a_database(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir()
    with pytest.raises(StartError, match="is missing"):
        keep_secrets(data_dir)


@pytest.mark.parametrize("text", ["", "{}", '{"secret": "x"}', "[]"])
def test_spoilt_secrets_are_said(data_dir: Path, text: str) -> None:
    (data_dir / FILE_NAME).write_text(text)
    with pytest.raises(StartError, match="cannot be read"):
        keep_secrets(data_dir)
