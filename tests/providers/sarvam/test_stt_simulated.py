"""Both sockets against simulators that hear what was really sent and fail on order."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError, stt
from livekit.agents._exceptions import APIError

from callmissed.dev.faults import Fault
from callmissed.dev.providers import running_providers
from callmissed.dev.scenario import SWIFT, Scenario
from callmissed.dev.tones import encode
from callmissed.dev.vocabulary import ENGLISH, HINDI
from callmissed.kit.mulaw import decode_mulaw, encode_mulaw
from callmissed.kit.pcm import Samples, silence
from callmissed.providers.sarvam import stt_socket, stt_talk
from tests.providers.sarvam.loopback import RATE_HZ, listening_to, next_of, push

Kind = stt.SpeechEventType
pytestmark = pytest.mark.usefixtures("patience")
SOCKETS = ["realtime", "classic"]
PLACES = {"realtime": "sarvam.realtime", "classic": "sarvam.stt"}


@pytest.fixture(scope="module")
def patience() -> Iterator[None]:
    """A busy machine's simulator takes its time."""
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(stt_talk, "FINISH_TIMEOUT_S", 60.0)
    monkeypatch.setattr(stt_talk, "BEGIN_TIMEOUT_S", 30.0)
    monkeypatch.setattr(stt_socket, "OPEN_TIMEOUT_S", 30.0)
    yield
    monkeypatch.undo()


def push_in_pieces(
    stream: stt.RecognizeStream, sound: Samples, dice: random.Random, rate_hz: int = RATE_HZ
) -> None:
    at = 0
    while at < len(sound):
        size = dice.choice([1, 10, 37, 160, 320, 800, 1234, 8000])
        push(stream, sound[at : at + size], rate_hz)
        at += size


async def all_finals(stream: stt.RecognizeStream) -> list[stt.SpeechData]:
    found = []
    async with asyncio.timeout(60):
        async for event in stream:
            if event.type is Kind.FINAL_TRANSCRIPT and event.alternatives[0].text:
                found.append(event.alternatives[0])
    return found


def words_in(finals: list[stt.SpeechData]) -> list[str]:
    return [word for final in finals for word in final.text.split()]


@dataclass(frozen=True)
class Said:
    """One utterance, the pause behind it, and whether our voice detector flushed in it."""

    words: list[str]
    pause_ms: int
    is_flushed: bool


UTTERANCES = st.lists(
    st.builds(
        Said,
        st.lists(st.sampled_from(ENGLISH + HINDI), min_size=1, max_size=5),
        st.integers(0, 900),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("socket", SOCKETS)
@given(said=UTTERANCES, cuts=st.integers(0, 1_000_000))
@settings(max_examples=12, deadline=None)
def test_every_word_comes_back_once_and_in_order_however_sound_is_cut(
    socket: str, said: list[Said], cuts: int
) -> None:
    asyncio.run(_hear_all(socket, said, random.Random(cuts)))


async def _hear_all(socket: str, said: list[Said], dice: random.Random) -> None:
    async with (
        running_providers(SWIFT) as sims,
        listening_to(sims.sarvam_url, sockets=(socket,)) as ears,
        ears.engine.stream() as stream,
    ):
        reading = asyncio.create_task(all_finals(stream))
        for one in said:
            sound = encode(" ".join(one.words), RATE_HZ)
            pause = silence(one.pause_ms, RATE_HZ)
            push_in_pieces(stream, np.concatenate([sound, pause]), dice)
            if one.is_flushed:
                stream.flush()
        stream.end_input()
        finals = await reading
        delivered_ms = sims.ledger.total("audio_ms")
    assert words_in(finals) == [word for one in said for word in one.words]
    assert ears.meter.sound_ms == delivered_ms


async def test_the_telephones_sound_is_heard_as_it_is() -> None:
    line = encode_mulaw(np.concatenate([encode("book the doctor", 8_000), silence(300, 8_000)]))
    async with (
        running_providers(SWIFT) as sims,
        listening_to(sims.sarvam_url, is_telephone=True) as ears,
        ears.engine.stream() as stream,
    ):
        push_in_pieces(stream, decode_mulaw(line), random.Random(1), 8_000)
        stream.flush()
        assert (await next_of(stream, Kind.FINAL_TRANSCRIPT)).text == "book the doctor"
        (request,) = sims.ledger.requests("sarvam")
    assert request.fields["encoding"] == "mulaw"
    assert request.fields["sample_rate"] == "8000"


async def test_partials_come_while_the_caller_speaks() -> None:
    async with (
        running_providers(SWIFT) as sims,
        listening_to(sims.sarvam_url) as ears,
        ears.engine.stream() as stream,
    ):
        push(stream, encode("book the doctor", RATE_HZ))
        assert (await next_of(stream, Kind.INTERIM_TRANSCRIPT)).text == "book"
        assert (await next_of(stream, Kind.INTERIM_TRANSCRIPT)).text == "book the"


@pytest.mark.parametrize("socket", SOCKETS)
@pytest.mark.parametrize("order", ["end_first", "final_first", "alternating"])
async def test_finals_and_ends_of_speech_come_in_any_order(socket: str, order: Any) -> None:
    scenario = replace(SWIFT, ears=replace(SWIFT.ears, order=order))
    async with (
        running_providers(scenario) as sims,
        listening_to(sims.sarvam_url, sockets=(socket,)) as ears,
        ears.engine.stream() as stream,
    ):
        for text in ("one two", "three four"):
            push(stream, np.concatenate([encode(text, RATE_HZ), silence(600, RATE_HZ)]))
        stream.end_input()
        kinds, texts = [], []
        async with asyncio.timeout(60):
            async for event in stream:
                kinds.append(event.type)
                if event.type is Kind.FINAL_TRANSCRIPT and event.alternatives[0].text:
                    texts.append(event.alternatives[0].text)
    assert texts == ["one two", "three four"]
    assert kinds.count(Kind.START_OF_SPEECH) == kinds.count(Kind.END_OF_SPEECH) == 2


@pytest.mark.parametrize("socket", SOCKETS)
async def test_each_utterance_tells_its_language(socket: str) -> None:
    async with (
        running_providers(SWIFT) as sims,
        listening_to(sims.sarvam_url, sockets=(socket,)) as ears,
        ears.engine.stream() as stream,
    ):
        heard = []
        for text in ("what time", "समय क्या", "okay thanks"):
            push(stream, np.concatenate([encode(text, RATE_HZ), silence(100, RATE_HZ)]))
            stream.flush()
            heard.append(await next_of(stream, Kind.FINAL_TRANSCRIPT))
    assert [data.language for data in heard] == ["en-IN", "hi-IN", "en-IN"]
    assert all(0.5 < data.confidence <= 1.0 for data in heard)


@pytest.mark.parametrize("socket", SOCKETS)
async def test_words_that_nobody_said_are_empty(socket: str) -> None:
    scenario = replace(SWIFT, ears=replace(SWIFT.ears, phantom="okay"))
    async with (
        running_providers(scenario) as sims,
        listening_to(sims.sarvam_url, sockets=(socket,)) as ears,
        ears.engine.stream() as stream,
    ):
        push(stream, silence(200, RATE_HZ))
        stream.flush()
        assert (await next_of(stream, Kind.FINAL_TRANSCRIPT)).text == ""


async def test_a_key_that_is_refused_is_told() -> None:
    async with (
        running_providers(SWIFT) as sims,
        listening_to(sims.sarvam_url, key="bad") as ears,
        ears.engine.stream() as stream,
    ):
        error = await failure_of(stream)
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.retryable) == (403, False)


STATUS: dict[str, int | None] = {
    "rate_limit": 429,
    "quota": 429,
    "server_error": 500,
    "error_inside": None,
}
AT_ONCE = ["refuse", "hang", "rate_limit", "quota", "server_error"]
LATER = ["reset", "fin", "close", "malformed", "huge_line", "rate_limit", "quota", "error_inside"]


@pytest.mark.parametrize("socket", SOCKETS)
@pytest.mark.parametrize("kind", AT_ONCE)
async def test_a_failure_at_the_door_is_told_in_time(
    socket: str, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "hang":
        monkeypatch.setattr(stt_socket, "OPEN_TIMEOUT_S", 0.5)
    fault = Fault("sarvam" if kind == "refuse" else PLACES[socket], kind)
    async with (
        running_providers(SWIFT, [fault]) as sims,
        listening_to(sims.sarvam_url, sockets=(socket,)) as ears,
        ears.engine.stream() as stream,
    ):
        error = await failure_of(stream)
        if kind in ("rate_limit", "quota", "server_error"):
            assert isinstance(error, APIStatusError)
            assert error.status_code == STATUS[kind]
        assert error.retryable is (kind != "quota")
        if kind == "hang":
            assert isinstance(error, APITimeoutError)
        assert len(ears.engine.usable_wires()) == 1


@pytest.mark.parametrize("socket", SOCKETS)
@pytest.mark.parametrize("kind", LATER)
async def test_a_failure_while_somebody_speaks_is_told(socket: str, kind: Any) -> None:
    fault = Fault(PLACES[socket], kind, after=700, unit="audio_ms")
    async with (
        running_providers(SWIFT, [fault]) as sims,
        listening_to(sims.sarvam_url, sockets=(socket,)) as ears,
        ears.engine.stream() as stream,
    ):
        for text in ("one two three", "four five six"):
            push(stream, np.concatenate([encode(text, RATE_HZ), silence(400, RATE_HZ)]))
        error = await failure_of(stream)
    if kind in ("reset", "fin", "close", "malformed", "huge_line"):
        assert isinstance(error, APIConnectionError)
    if kind == "quota":
        assert not error.retryable


@pytest.mark.parametrize("socket", SOCKETS)
async def test_a_stream_cancelled_anywhere_leaves_nothing(socket: str) -> None:
    dice = random.Random(3)
    async with (
        running_providers(Scenario()) as sims,
        listening_to(sims.sarvam_url, sockets=(socket,)) as ears,
    ):
        before = asyncio.all_tasks()
        for _ in range(15):
            stream = ears.engine.stream()
            push(stream, encode("one two three", RATE_HZ)[: dice.randint(1, 9000)])
            for _ in range(dice.randint(0, 12)):
                await asyncio.sleep(0)
            await stream.aclose()
        names = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not {name for name in names if "Sarvam" in name or "STT" in name}


async def failure_of(stream: stt.RecognizeStream) -> APIError:
    """What ends the stream; it must be an error."""
    try:
        async with asyncio.timeout(60):
            async for _ in stream:
                pass
    except APIError as error:
        return error
    raise AssertionError("the stream ended without an error")
