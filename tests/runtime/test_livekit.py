"""The embedded media server: what it lets in, where it listens, how its program is found."""

import hashlib
import io
import socket
import stat
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aiohttp
import pytest
from livekit import api
from livekit.protocol.rtc import SignalResponse

from callmissed.runtime.embedded import livekit_program
from callmissed.runtime.embedded.livekit import choose_ports, write_config
from callmissed.runtime.embedded.livekit_program import cached_program, provide_program
from callmissed.runtime.embedded.ports import free_ports
from callmissed.runtime.faults import StartError
from tests.conftest import LiveKit
from tests.servers import running_livekit

SECRET = "secret-of-the-tests-livekit-server"
PROGRAM = f"#!/bin/sh\necho livekit-server version {livekit_program.VERSION}\n".encode()


def token(livekit: LiveKit, room: str) -> str:
    grants = api.VideoGrants(room_join=True, room=room)
    return (
        api.AccessToken(livekit.key, livekit.secret)
        .with_identity("caller")
        .with_grants(grants)
        .to_jwt()
    )


async def test_a_room_that_nobody_made_cannot_be_entered(livekit: LiveKit) -> None:
    address = f"{livekit.url}/rtc?access_token={token(livekit, 'nowhere')}&protocol=16"
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(address)
    assert caught.value.status == 404


async def test_callers_are_sent_to_no_outside_stun_server(livekit: LiveKit) -> None:
    async with api.LiveKitAPI(livekit.url, livekit.key, livekit.secret) as server:
        await server.room.create_room(api.CreateRoomRequest(name="made"))
        address = f"{livekit.url}/rtc?access_token={token(livekit, 'made')}&protocol=16"
        async with aiohttp.ClientSession() as http, http.ws_connect(address) as connection:
            answer = SignalResponse()
            answer.ParseFromString((await connection.receive()).data)
        await server.room.delete_room(api.DeleteRoomRequest(room="made"))
    addresses = [address for entry in answer.join.ice_servers for address in entry.urls]
    assert addresses
    assert all(address.startswith("stun:127.0.0.1:") for address in addresses)


async def test_two_servers_stand_side_by_side(livekit: LiveKit, data_dir: Path) -> None:
    async with running_livekit(data_dir, "other", SECRET) as server:
        assert server.url != livekit.url
        address = server.url.replace("ws", "http", 1)
        async with aiohttp.ClientSession() as http, http.get(address) as answer:
            assert answer.status == 200


def test_the_configuration_holds_the_secret_and_is_private(data_dir: Path) -> None:
    server = write_config(data_dir, Path("/bin/true"), (1, 2, 3), "key", SECRET)
    assert stat.S_IMODE(server.config.stat().st_mode) == 0o600
    assert SECRET in server.config.read_text()


def test_a_wanted_port_in_use_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"{port} to {port + 2} is in use"):
            choose_ports(port)


def test_without_a_wish_free_ports_are_taken() -> None:
    try:
        taken = socket.create_server(("127.0.0.1", 7880))
    except OSError:
        taken = None
    ports = choose_ports(None)
    if taken is not None:
        taken.close()
    assert 7880 not in ports
    assert len(set(ports)) == 3


async def test_a_program_that_is_no_livekit_server_is_refused() -> None:
    with pytest.raises(StartError) as caught:
        await provide_program(Path("/bin/true"), print)
    assert caught.value.where == "CALLMISSED_LIVEKIT_SERVER"


@pytest.fixture
def bare_machine(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on PATH but a shell, an empty cache, no Go, and no way out."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(data_dir))
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_ports('127.0.0.1', 1)[0]}")
    monkeypatch.setattr(livekit_program, "GO_PLACES", ())


@pytest.fixture
def release(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is served where releases are looked for."""
    folder = data_dir / "release"
    folder.mkdir()
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(folder)))
    monkeypatch.setattr(livekit_program, "RELEASE", f"http://127.0.0.1:{server.server_port}")
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield folder
    server.shutdown()
    serving.join()
    server.server_close()


def publish(release: Path, *, checksum: str | None = None) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("livekit-server")
        member.size = len(PROGRAM)
        archive.addfile(member, io.BytesIO(PROGRAM))
    checksum = checksum or hashlib.sha256(packed.getvalue()).hexdigest()
    lines = []
    for machine in ("amd64", "arm64"):
        name = f"livekit_{livekit_program.VERSION}_linux_{machine}.tar.gz"
        (release / name).write_bytes(packed.getvalue())
        lines.append(f"{checksum}  {name}\n")
    (release / "checksums.txt").write_text("".join(lines))


@pytest.mark.usefixtures("bare_machine")
async def test_a_release_is_fetched_once_and_kept(release: Path) -> None:
    publish(release)
    program = await provide_program(None, print)
    assert program == cached_program()
    assert program.read_bytes() == PROGRAM
    (release / "checksums.txt").unlink()
    assert await provide_program(None, print) == program


@pytest.mark.usefixtures("bare_machine")
async def test_a_release_that_is_not_what_its_checksum_says_is_not_kept(release: Path) -> None:
    publish(release, checksum="0" * 64)
    said: list[str] = []
    with pytest.raises(StartError):
        await provide_program(None, said.append)
    assert "checksum" in " ".join(said)
    assert not cached_program().exists()


@pytest.mark.usefixtures("bare_machine")
async def test_a_machine_without_release_and_go_is_told_what_to_do() -> None:
    with pytest.raises(StartError) as caught:
        await provide_program(None, print)
    assert "Install Go" in caught.value.hint
    assert "LIVEKIT_URL" in caught.value.hint
