"""`callmissed tenant …` on an installation's database."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.databases import fresh_database

Environment = dict[str, str]


@pytest_asyncio.fixture
async def environment(postgres_url: str) -> AsyncIterator[Environment]:
    async with fresh_database(postgres_url) as url:
        yield {
            **os.environ,
            "CALLMISSED_SECRET": "secret-of-the-tests-for-callmissed",
            "DATABASE_URL": url,
            "LIVEKIT_URL": "ws://127.0.0.1:1",
            "LIVEKIT_API_KEY": "unused",
            "LIVEKIT_API_SECRET": "secret-of-the-tests-livekit-server",
        }


def tenant(environment: Environment, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "callmissed", "tenant", *words]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60)


async def test_a_tenants_life_on_the_command_line(environment: Environment) -> None:
    made = tenant(environment, "create", "Acme", "--plan", "starter").stdout
    found = re.search(r"tenant: (\S+)\napi key: cm_\w+", made)
    assert found is not None, made
    tenant_id = found[1]
    assert f"{tenant_id}  starter     active     Acme" in tenant(environment, "list").stdout
    tenant(environment, "set-plan", tenant_id, "pro")
    tenant(environment, "suspend", tenant_id)
    shown = tenant(environment, "show", tenant_id).stdout
    assert "plan: pro" in shown and "suspended: 20" in shown and "kept: for ever" in shown
    tenant(environment, "resume", tenant_id)
    assert "suspended: no" in tenant(environment, "show", tenant_id).stdout
    wrong = tenant(environment, "delete", tenant_id, "--confirm-name", "acme")
    assert wrong.returncode == 1
    assert "hint: Repeat the tenant's name exactly" in wrong.stderr
    deleted = tenant(environment, "delete", tenant_id, "--confirm-name", "Acme")
    assert "is being deleted" in deleted.stdout
    refused = tenant(environment, "resume", tenant_id)
    assert refused.returncode == 1
    assert "being deleted" in refused.stderr


async def test_an_unknown_tenant_is_said_to_be_unknown(environment: Environment) -> None:
    said = tenant(environment, "show", "00000000-0000-0000-0000-000000000000")
    assert said.returncode == 1
    assert "There is no tenant with this id." in said.stderr
