"""Made-up requests by schemathesis against a running API, with a key and with a person's token.

`python -m bench.identity.fuzz [CASES]` (20,000) prints counts; it exits 1 at a 5xx, at a status or a
shape that the document does not name, and where the time is over first.
"""

import asyncio
import itertools
import json
import re
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, STDOUT
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx2

from callmissed.domain.installation import InitRequest
from callmissed.domain.workers import Worker
from callmissed.kit.tokens import mint_key
from callmissed.runtime.embedded.ports import free_ports
from callmissed.runtime.house import open_house
from callmissed.runtime.settings import load_settings
from callmissed.services import workers
from callmissed.services.installation import prepare
from tests.api.conftest import AN_HOUR_S, SLOTS, environment_of
from tests.api.test_any_request import CHECKS, CONFIGURED, ENDING, START_S
from tests.conftest import LiveKit
from tests.databases import fresh_database
from tests.servers import running_livekit, running_postgres, short_folder
from tests.stories import shift

CASES = 20_000
ROUND_S = 120
LONGEST_S = 3600
AT_ONCE = 2
SECRET = "secret-of-the-fuzz-livekit-server"
GENERATED = re.compile(r"([\d,]+) generated")


@dataclass(frozen=True, slots=True)
class Target:
    """A served API; `log` holds a line for each of its requests."""

    url: str
    key: str
    link_secret: str
    log: Path


async def main(wanted: int) -> int:
    async with target() as served:
        owner, cases, report, started_s = Owner(served), 0, None, time.monotonic()
        for number in itertools.count():
            if cases >= wanted or report or time.monotonic() - started_s > LONGEST_S:
                break
            name, token = ("owner", await owner.token()) if number % 2 else ("key", served.key)
            made, report = await one_round(served.url, token, number, "--exclude-operation-id")
            await check_credential(served.url, token)
            cases += made
            print(f"{cases} cases, {time.monotonic() - started_s:.0f} s (as {name})", flush=True)
        if report is None:
            # Last, for it may end the owner's own key.
            made, report = await one_round(served.url, served.key, 0, "--include-operation-id")
            cases += made
        print(report or "nothing found", flush=True)
        statuses = count_statuses(served.log)
    print(f"{cases} cases; {sum(statuses.values())} requests: {dict(sorted(statuses.items()))}")
    crashed = {status for status in statuses if status >= 500}
    return 1 if report or crashed or cases < wanted else 0


async def check_credential(url: str, token: str) -> None:
    """What was asked with a credential that had ended would prove nothing."""
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        (await client.get(f"{url}/v1/me")).raise_for_status()


async def one_round(url: str, token: str, seed: int, choose_ending: str) -> tuple[int, str | None]:
    """How many cases were made, and what schemathesis says where it found something."""
    program = Path(sys.executable).with_name("schemathesis")
    options = [f"--max-time={ROUND_S}", "--phases=examples,coverage,fuzzing", "--no-color"]
    options += [f"--checks={','.join(CHECKS)}", "--generation-database=none", "--warnings=off"]
    options += [f"--workers={AT_ONCE}", f"--seed={seed}"]
    options += [f"{choose_ending}={name}" for name in ENDING]
    asking = await asyncio.create_subprocess_exec(
        *(str(program), f"--config-file={CONFIGURED}", "run", f"{url}/openapi.json", *options),
        *("--header", f"Authorization: Bearer {token}"),
        stdout=PIPE,
        stderr=STDOUT,
    )
    out, _ = await asking.communicate()
    report = out.decode()
    made = sum(int(found.replace(",", "")) for found in GENERATED.findall(report))
    return made, report if asking.returncode else None


class Owner:
    """Signed in by the one-time link, and again by the refresh token that each answer brings."""

    def __init__(self, served: Target) -> None:
        self.served, self.refresh_token = served, ""

    async def token(self) -> str:
        """A fresh one: they last a quarter of an hour."""
        async with httpx2.AsyncClient(base_url=self.served.url) as client:
            if self.refresh_token:
                cookie = {"Cookie": f"cm_refresh={self.refresh_token}"}
                answer = await client.post("/v1/auth/refresh", headers=cookie)
            else:
                secret = {"link_secret": self.served.link_secret}
                answer = await client.post("/v1/auth/claim", json=secret)
        answer.raise_for_status()
        self.refresh_token = next(cookie.value or "" for cookie in answer.cookies.jar)
        token: str = answer.json()["access_token"]
        return token


@asynccontextmanager
async def target() -> AsyncIterator[Target]:
    """An installation of its own: `callmissed api`, a database, a media server, no worker but on
    paper.
    """
    with short_folder() as folder, tempfile.TemporaryDirectory() as data:
        async with (
            running_postgres(folder) as postgres_url,
            fresh_database(postgres_url) as database_url,
            running_livekit(folder, "fuzz", SECRET) as media,
        ):
            (port,) = free_ports("127.0.0.1", 1)
            environment = environment_of(
                Path(data), database_url, LiveKit(media.url, media.key, media.secret)
            )
            environment |= {
                "CALLMISSED_PORT": str(port),
                "CALLMISSED_PUBLIC_URL": f"http://127.0.0.1:{port}",
                "CALLMISSED_CREATES_PER_MINUTE": "100000",
            }
            async with open_house(load_settings(environment)) as house:
                key = mint_key("cm")
                init = InitRequest(tenant_name="Fuzz", bot_name="Clinic reception", api_key=key)
                async with house.database.system() as db:
                    first = await prepare(db, house.keyring, init)
                    await workers.register(db, Worker(uuid4(), "worker-1", SLOTS))
                await shift(house.database, "workers", "beat_at", AN_HOUR_S)
            log, url = folder / "api.log", f"http://127.0.0.1:{port}"
            async with served_api(environment, log, url):
                yield Target(url, key, first.owner_link_secret or "", log)


@asynccontextmanager
async def served_api(environment: dict[str, str], log: Path, url: str) -> AsyncIterator[None]:
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "callmissed", "api"), env=environment, stderr=file
        )
        try:
            async with asyncio.timeout(START_S), httpx2.AsyncClient() as client:
                while True:
                    try:
                        (await client.get(f"{url}/health/live")).raise_for_status()
                        break
                    except httpx2.TransportError:
                        await asyncio.sleep(0.1)
            yield
        finally:
            process.terminate()
            await process.wait()


def count_statuses(log: Path) -> Counter[int]:
    """Of every request that the API has answered."""
    lines = (json.loads(line) for line in log.read_text().split("\n") if line.startswith("{"))
    return Counter(line["status"] for line in lines if line.get("event") == "request")


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else CASES)))
