"""An installation tells of its calls: on the private port of each of its processes."""

import asyncio
from operator import le

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.caller import PATIENCE_S, POLL_S, Customer, ask, calling, hear_greeting
from tests.servers import Installation
from tests.speech.recordings import spoken_questions

QUESTION = next(one for one in spoken_questions("main") if "Saturday" in one.text)
PLACES = {"api": 0, "jobs": 1, "worker": 2}


OF_A_CALL = (
    ("turns_total", "own_accord"),
    ("turns_total", "answered"),
    ("turn_first_audio_seconds_count",),
    ("turn_stage_seconds_count", "end_of_turn"),
    ("calls_begun_total",),
)

Samples = dict[tuple[str, ...], float]


async def scrape(installation: Installation, process: str) -> Samples:
    """Every sample by its name and the values of its labels."""
    url = f"http://127.0.0.1:{installation.metrics_port + PLACES[process]}/metrics"
    async with httpx2.AsyncClient() as client:
        page = (await client.get(url)).raise_for_status().text
    return {
        (sample.name.removeprefix("callmissed_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def told(samples: Samples) -> list[float]:
    """What a call with an answer adds to; whoever was first to end it."""
    ended = sum(value for name, value in samples.items() if name[0] == "calls_ended_total")
    return [ended, *(samples.get(name, 0.0) for name in OF_A_CALL)]


async def test_every_process_shows_what_a_call_was(
    installation: Installation, customer: Customer
) -> None:
    before = await scrape(installation, "worker")
    session = await customer.open_session()
    async with calling(session) as caller:
        await hear_greeting(caller)
        await ask(caller, QUESTION)
        await customer.delete_session(session["id"])
    async with asyncio.timeout(PATIENCE_S):
        while any(map(le, told(after := await scrape(installation, "worker")), told(before))):
            await asyncio.sleep(POLL_S)
    assert after["slots",] >= after["slots_free",] > 0
    assert after["call_process_lag_seconds_count",] > 0
    api = await scrape(installation, "api")
    assert api["http_requests_total", "POST", "/v1/voice/sessions", "201"] > 0
    assert api["http_requests_total", "DELETE", "/v1/voice/sessions/{session_id}", "204"] > 0
    jobs = await scrape(installation, "jobs")
    assert jobs["jobs_waiting", "sweeps"] >= 0
    for process in PLACES:
        samples = await scrape(installation, process)
        assert samples["loop_lag_seconds_count",] > 0
        assert session["id"] not in str(samples)
