"""Requests made up from the document, against the API as it is served: a real process.

No crash, no answer that the document does not name, no wrong value that is taken.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from callmissed.runtime.embedded.ports import free_ports
from callmissed.services.tenants import create_tenant
from tests.api.conftest import Installation, environment_of
from tests.conftest import LiveKit

CONFIGURED = Path(__file__).with_name("schemathesis.toml")
BUDGET_S = 50
ENDING_BUDGET_S = 10
START_S = 60
STOP_S = 20
POLL_S = 0.1

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)

# What may end the credential that asks, as ids that answers showed are used again: after that
# everything else would be a plain 401. They have a run of their own.
ENDING = ("change_api_key", "roll_api_key", "revoke_api_key", "end_sign_in")


@pytest.mark.timeout(300)
async def test_no_made_up_request_is_too_odd(
    installation: Installation, livekit: LiveKit, data_dir: Path
) -> None:
    async with served(installation, livekit, data_dir) as (url, process):
        async with installation.house.database.system() as db:
            _, key = await create_tenant(db, installation.house.keyring, "Anything")
            _, spare_key = await create_tenant(db, installation.house.keyring, "Anything else")
        await ask_anything(url, key, BUDGET_S, "--exclude-operation-id")
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as client:
            assert (await client.get(f"{url}/v1/me")).status_code == 200, "it asked as nobody"
        await ask_anything(url, spare_key, ENDING_BUDGET_S, "--include-operation-id")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), STOP_S) == 0


async def ask_anything(url: str, key: str, budget_s: int, choose_ending: str) -> None:
    """Fails with what schemathesis found, each with the curl that shows it."""
    program = Path(sys.executable).with_name("schemathesis")
    options = [f"--max-time={budget_s}", "--phases=examples,coverage,fuzzing", "--no-color"]
    options += [f"--checks={','.join(CHECKS)}", "--generation-database=none", "--warnings=off"]
    options += [f"{choose_ending}={name}" for name in ENDING]
    asking = await asyncio.create_subprocess_exec(
        *(str(program), f"--config-file={CONFIGURED}", "run", f"{url}/openapi.json", *options),
        *("--header", f"Authorization: Bearer {key}"),
        stdout=PIPE,
        stderr=STDOUT,
    )
    report, _ = await asking.communicate()
    assert asking.returncode == 0, report.decode()


@asynccontextmanager
async def served(
    installation: Installation, livekit: LiveKit, data_dir: Path
) -> AsyncIterator[tuple[str, Process]]:
    """`callmissed api` on a free port, over the database of the other tests."""
    (port,) = free_ports("127.0.0.1", 1)
    settings = installation.house.settings
    environment = environment_of(data_dir, settings.database_url, livekit)
    environment |= {"CALLMISSED_PORT": str(port), "CALLMISSED_LOG_LEVEL": "warning"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callmissed", "api"), env=environment
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await asyncio.wait_for(_answers(url, process), START_S)
        yield url, process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _answers(url: str, process: Process) -> None:
    async with httpx2.AsyncClient() as client:
        while process.returncode is None:
            try:
                (await client.get(f"{url}/health/live")).raise_for_status()
                return
            except httpx2.TransportError:
                await asyncio.sleep(POLL_S)
    raise RuntimeError("the API did not start")
