"""The simulation can be read and changed from outside while it runs."""

import os
import signal
import subprocess
import sys
import urllib.request

import aiohttp

from callmissed.dev.faults import Fault
from callmissed.dev.providers import running_providers
from callmissed.dev.scenario import SWIFT

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
HEADERS = {"Authorization": "Bearer a-long-secret-key"}


async def test_the_scenario_changes_where_it_is_told_to() -> None:
    async with running_providers(SWIFT) as sims, aiohttp.ClientSession() as session:
        changes = {"mind": {"reply": "Good evening."}}
        async with session.put(sims.origin + "/_scenario", json=changes) as answer:
            assert (await answer.json())["mind"]["reply"] == "Good evening."
        assert sims.scenario.ears == SWIFT.ears
        async with session.post(
            sims.chat_url + "/chat/completions", json=CHAT, headers=HEADERS
        ) as answer:
            made = await answer.json()
        assert made["choices"][0]["message"]["content"] == "Good evening."
        for wrong in ({"mind": {"repply": ""}}, {"ears": {"hear": "guesses"}}):
            async with session.put(sims.origin + "/_scenario", json=wrong) as answer:
                assert answer.status == 422


async def test_faults_are_set_and_healed() -> None:
    async with running_providers(SWIFT) as sims, aiohttp.ClientSession(headers=HEADERS) as session:
        url = sims.chat_url + "/chat/completions"
        for faults, status in (([{"place": "chat", "kind": "server_error"}], 500), ([], 200)):
            async with session.put(sims.origin + "/_faults", json=faults) as answer:
                assert answer.status == 200
            async with session.post(url, json=CHAT) as answer:
                assert answer.status == status
        async with session.put(sims.origin + "/_faults", json=[{"place": "chat"}]) as answer:
            assert answer.status == 422


async def test_the_ledger_is_read_and_cleared_and_shows_no_whole_key() -> None:
    async with running_providers(SWIFT) as sims, aiohttp.ClientSession(headers=HEADERS) as session:
        async with session.post(sims.chat_url + "/chat/completions", json=CHAT):
            pass
        async with session.get(sims.origin + "/_ledger") as answer:
            text = await answer.text()
            (row,) = (await answer.json())["delivered"]
        assert (row["place"], row["requests"]) == ("chat.chat", 1)
        assert row["output_tokens"] == sims.ledger.total("output_tokens")
        assert "a-long-secret-key" not in text
        async with session.delete(sims.origin + "/_ledger"):
            assert sims.ledger.requests() == []


async def test_behind_one_port_a_refusal_is_a_reset_of_that_vendor_alone() -> None:
    faults = [Fault("clarifai", "refuse")]
    async with (
        running_providers(SWIFT, faults, port=0) as sims,
        aiohttp.ClientSession(headers=HEADERS) as session,
    ):
        refused = False
        try:
            async with session.post(sims.clarifai_url + "/chat/completions", json=CHAT):
                pass
        except aiohttp.ClientConnectionError:
            refused = True
        assert refused
        async with session.post(sims.openrouter_url + "/chat/completions", json=CHAT) as answer:
            assert answer.status == 200


def test_the_command_tells_the_settings_to_use_and_serves_until_it_is_interrupted() -> None:
    argv = [sys.executable, "-m", "callmissed", "dev", "providers", "--port", "0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=os.environ) as running:
        assert running.stdout is not None
        told = {}
        for line in running.stdout:
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                told[name] = value
            if line.endswith("'[]'\n"):
                break
        origin = told["CALLMISSED_SARVAM_URL"].removesuffix("/sarvam")
        with urllib.request.urlopen(origin + "/_ledger") as answer:
            assert answer.status == 200
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
    assert told["CALLMISSED_CLARIFAI_API_KEY"]
