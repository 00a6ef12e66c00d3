"""The livekit-server program: found on this machine, else fetched or built once into a cache.

A fetched release is compared with the SHA-256 that the same release publishes
(https://github.com/livekit/livekit/releases, `checksums.txt`); a build is checked by Go against
its public log of module checksums (https://go.dev/ref/mod#checksum-database).
"""

import asyncio
import fcntl
import hashlib
import io
import os
import platform
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from callmissed.runtime.children import Command, spawn
from callmissed.runtime.faults import StartError

if TYPE_CHECKING:
    import httpx2

VERSION = "1.13.5"
RELEASE = f"https://github.com/livekit/livekit/releases/download/v{VERSION}"
MODULE = f"github.com/livekit/livekit-server/cmd/server@v{VERSION}"
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
GO_PLACES = ("/usr/local/go/bin", "/usr/lib/go/bin")
FIRST_ANSWER_WAIT_S = 4.0
DOWNLOAD_WAIT_S = 300.0
BUILD_WAIT_S = 1800.0
VERSION_WAIT_S = 10.0
PROGRESS_EVERY_S = 10.0
MAX_ARCHIVE_BYTES = 200 * 1024 * 1024

Say = Callable[[str], None]


def cached_program() -> Path:
    """`$XDG_CACHE_HOME/callmissed/livekit-server-<version>/livekit-server`."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    cache = base if base.is_absolute() else Path.home() / ".cache"
    return cache / "callmissed" / f"livekit-server-{VERSION}" / "livekit-server"


async def provide_program(given: Path | None, say: Say) -> Path:
    """The path of a livekit-server; `say` gets a line for whatever takes longer.

    Raises StartError where it can neither be found, fetched nor built.
    """
    if given is not None:
        if await _version_of(given) is None:
            raise StartError(
                "CALLMISSED_LIVEKIT_SERVER",
                f"{given} is not a livekit-server that runs here.",
                "Correct the path, or leave it unset: one is found, fetched or built then.",
            )
        return given
    on_path = shutil.which("livekit-server")
    if on_path and await _version_of(Path(on_path)) == VERSION:
        return Path(on_path)
    program = cached_program()
    if not program.exists():
        with _alone(program.parent, say):
            if not program.exists():
                await _obtain(program, say)
    return program


async def _obtain(program: Path, say: Say) -> None:
    with tempfile.TemporaryDirectory(dir=program.parent) as scratch:
        try:
            made = await _fetch(Path(scratch), say)
        except OSError as error:
            say(f"The release of livekit-server cannot be fetched ({error}).")
            made = await _build(Path(scratch), say)
        if await _version_of(made) != VERSION:
            raise StartError("livekit-server", f"{made.name} does not run here.", _what_to_do())
        made.replace(program)
    say(f"livekit-server {VERSION} is ready in {program.parent}.")


async def _fetch(scratch: Path, say: Say) -> Path:
    """Raises OSError where the release cannot be reached or is not what its checksum says."""
    import httpx2

    archive = f"livekit_{VERSION}_{platform.system().lower()}_{_machine()}.tar.gz"
    say(f"Fetching livekit-server {VERSION} ...")
    try:
        async with httpx2.AsyncClient(timeout=FIRST_ANSWER_WAIT_S, follow_redirects=True) as client:
            async with asyncio.timeout(FIRST_ANSWER_WAIT_S):
                sums = await client.get(f"{RELEASE}/checksums.txt")
            sums.raise_for_status()
            expected = _sum_of(archive, sums.text)
            async with asyncio.timeout(DOWNLOAD_WAIT_S):
                body = await _download(client, f"{RELEASE}/{archive}", say)
    except TimeoutError as error:
        raise OSError("no answer in time") from error
    except httpx2.HTTPError as error:
        raise OSError(type(error).__name__) from error
    if hashlib.sha256(body).hexdigest() != expected:
        raise OSError(f"{archive} is not what its checksum says")
    return await asyncio.to_thread(_unpack, body, scratch)


async def _download(client: "httpx2.AsyncClient", url: str, say: Say) -> bytes:
    parts: list[bytes] = []
    got, said = 0, time.monotonic()
    async with client.stream("GET", url) as answer:
        answer.raise_for_status()
        total = int(answer.headers.get("content-length", 0))
        async for part in answer.aiter_bytes():
            parts.append(part)
            got += len(part)
            if got > MAX_ARCHIVE_BYTES:
                raise OSError(f"{url} is larger than any release")
            if time.monotonic() - said > PROGRESS_EVERY_S / 5:
                said = time.monotonic()
                say(f"  {got / 1e6:.0f} of {total / 1e6:.0f} MB")
    return b"".join(parts)


def _sum_of(archive: str, sums: str) -> str:
    for line in sums.splitlines():
        digest, _, name = line.strip().partition(" ")
        if name.strip(" *") == archive:
            return digest.lower()
    raise OSError(f"the release has no {archive}")


def _unpack(body: bytes, scratch: Path) -> Path:
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as tar:
        member = tar.extractfile("livekit-server")
        if member is None:
            raise OSError("the archive holds no livekit-server")
        program = scratch / "livekit-server"
        program.write_bytes(member.read())
    program.chmod(0o755)
    return program


async def _build(scratch: Path, say: Say) -> Path:
    """Raises StartError where there is no Go or the build fails."""
    go = shutil.which("go", path=os.pathsep.join([os.environ.get("PATH", ""), *GO_PLACES]))
    if go is None:
        raise StartError("livekit-server", "is not on this machine, nor is Go.", _what_to_do())
    say(f"Building livekit-server {VERSION} with Go, once; about two minutes ...")
    env = {**os.environ, "GOBIN": str(scratch), "CGO_ENABLED": "0"}
    builder = await spawn(Command([go, "install", MODULE], env))
    tail = await _follow(builder, say)
    if builder.returncode != 0:
        raise StartError("livekit-server", f"could not be built: {tail}", _what_to_do())
    return scratch / "server"


async def _follow(builder: asyncio.subprocess.Process, say: Say) -> str:
    """Waits for the end, saying every few seconds how long it has taken; returns the last line."""
    began = time.monotonic()
    ended = asyncio.ensure_future(builder.communicate())
    while not ended.done():
        await asyncio.wait({ended}, timeout=PROGRESS_EVERY_S)
        passed_s = time.monotonic() - began
        if not ended.done():
            say(f"  still building livekit-server ({passed_s:.0f} s)")
        if passed_s > BUILD_WAIT_S and not ended.done():
            builder.kill()
    said, _ = await ended
    return (said.decode(errors="replace").strip().splitlines() or ["no word"])[-1]


async def _version_of(program: Path) -> str | None:
    """`livekit-server version 1.13.5` → `1.13.5`; None where it does not run."""
    try:
        child = await spawn(Command([str(program), "--version"]))
        said, _ = await asyncio.wait_for(child.communicate(), VERSION_WAIT_S)
    except (OSError, TimeoutError):
        return None
    words = said.decode(errors="replace").split()
    return words[-1] if child.returncode == 0 and "livekit-server" in words[:1] else None


@contextmanager
def _alone(folder: Path, say: Say) -> Iterator[None]:
    """Two starts do not build the same program twice: the second waits for the first."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another start is getting livekit-server ready; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _machine() -> str:
    return MACHINES.get(platform.machine().lower(), platform.machine().lower())


def _what_to_do() -> str:
    return (
        f"Install Go (https://go.dev/dl), or put livekit-server {VERSION} on PATH, "
        "or set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET to a server that runs."
    )
