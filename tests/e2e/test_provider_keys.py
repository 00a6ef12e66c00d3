"""A key is all it takes: pasted over the API, the next call runs on it, and nobody else learns it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import Ears, Mind, Scenario, Utterance
from callmissed.kit.tokens import random_base62
from tests.canaries import note
from tests.e2e.caller import Customer, ask, calling, hear_greeting, open_customer, understood
from tests.e2e.processes import worker_processes
from tests.servers import Installation, running_installation, short_folder
from tests.speech.recordings import spoken_questions

ASKED, ANSWERED = "When do you open on Saturday?", "We open at nine on Saturday."
VENDORS = ("sarvam", "clarifai", "openrouter", "moonshot")
QUESTION = next(one for one in spoken_questions("main") if "Saturday" in one.text)


@pytest_asyncio.fixture
async def sims() -> AsyncIterator[Providers]:
    scenario = Scenario(
        Ears(hear="script", script=(Utterance(ASKED),)), Mind(answers=((ASKED, ANSWERED),))
    )
    async with running_providers(scenario) as running:
        yield running


async def test_a_pasted_key_serves_the_next_call(sims: Providers, clean_environment: None) -> None:
    addresses = {f"CALLMISSED_{vendor.upper()}_URL": sims.url(vendor) for vendor in VENDORS}
    keys = {vendor: f"sk_{random_base62(40)}" for vendor in ("sarvam", "clarifai")}
    platform_key = f"sk_{random_base62(40)}"
    for key in (*keys.values(), platform_key):
        note(key, "a provider's key")
    with (
        short_folder() as folder,
        running_installation(
            folder, **addresses, CALLMISSED_MOONSHOT_API_KEY=platform_key
        ) as installation,
    ):
        async with open_customer(installation) as customer:
            for vendor, key in keys.items():
                path = f"/v1/settings/providers/{vendor}"
                (await customer.client.put(path, json={"key": key})).raise_for_status()
                verdict = (await customer.client.post(f"{path}/verify")).json()["verdict"]
                assert verdict == "accepted"
            sims.ledger.clear()
            await _call(customer)
        _check_ledger(sims, keys)
        _check_processes(installation, [*keys.values(), platform_key])
        _check_files(installation.data_dir, list(keys.values()))


async def _call(customer: Customer) -> None:
    session = await customer.open_session()
    assert (session["stt_model"], session["llm_model"], session["tts_voice"]) == (
        ("saaras:v3", "kimi-k2.5", "shubh")
    )
    async with calling(session) as caller:
        await hear_greeting(caller)
        assert await ask(caller, QUESTION) == ANSWERED
        assert understood(caller) == [ASKED]
    await customer.end_of(session["id"])
    turns = await customer.turns(session["id"])
    assert [turn["llm_model"] for turn in turns[1:]] == ["kimi-k2.5"]


def _check_ledger(sims: Providers, keys: dict[str, str]) -> None:
    """Each vendor saw its own key and no other."""
    for vendor, key in keys.items():
        assert {request.key for request in sims.ledger.requests(vendor)} == {key}
    assert not sims.ledger.requests("moonshot") and not sims.ledger.requests("openrouter")


def _check_processes(installation: Installation, keys: list[str]) -> None:
    """No key stands in a command line; the settings' own not in a call process's environment."""
    _, *call_processes = worker_processes(installation.process.pid)
    for pid in call_processes:
        shown = b"".join(
            Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")
        )
        assert not [key for key in keys if key.encode() in shown]


def _check_files(folder: Path, keys: list[str]) -> None:
    """Neither the database's files nor its log of changes nor a journal hold a key as it is."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [key for key in keys if key.encode() in content], path
