"""How sockets to Sarvam are opened, chosen, kept, and what their ends mean."""

import asyncio

import pytest
from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError, stt
from livekit.agents._exceptions import APIError

from callmissed.kit.recent import Recent
from callmissed.providers.sarvam import stt_socket, stt_talk
from tests.providers.sarvam.loopback import (
    CLASSIC,
    HELLO,
    REALTIME,
    Line,
    Part,
    listening_to,
    loopback,
    next_of,
    push,
    speech,
)

Kind = stt.SpeechEventType


async def hear_one_word(line: Line) -> None:
    """The realtime server: a word at the flush, then it waits for the end."""
    await line.tell(**HELLO)
    await line.tell(event="vad.speech_start", utterance_idx=0)
    await line.until_event("flush")
    await line.tell(event="transcript.final", text="hello", language="en-IN")
    await line.until_event("end")
    await line.tell(event="session.end", audio_duration_s=1.0)
    await line.until_closed()


async def hear_one_word_classic(line: Line) -> None:
    await line.until_event("flush")
    await line.tell(type="data", data={"transcript": "namaste", "language_code": "hi-IN"})
    await line.until_event("end_of_stream")


def closing(code: int, *, after_hello: bool) -> Part:
    async def play(line: Line) -> None:
        if after_hello:
            await line.tell(**HELLO)
        await line.socket.close(code=code, message=b"because")

    return play


async def explain_and_refuse(line: Line) -> None:
    await line.tell(event="error", code="invalid_request_error", message="beta", is_fatal=True)
    await line.socket.close(code=4000, message=b"because")


async def say_nothing(line: Line) -> None:
    await line.until_closed()


async def failure_of(stream: stt.RecognizeStream) -> APIError:
    """What ends the stream; it must be an error."""
    try:
        async with asyncio.timeout(10):
            async for _ in stream:
                pass
    except APIError as error:
        return error
    raise AssertionError("the stream ended without an error")


async def test_a_realtime_call_from_its_first_to_its_last_message() -> None:
    async with (
        loopback(realtime=hear_one_word) as server,
        listening_to(server.url) as ears,
        ears.engine.stream() as stream,
    ):
        push(stream, speech(1.0))
        stream.flush()
        data = await next_of(stream, Kind.FINAL_TRANSCRIPT)
        stream.end_input()
        async for _ in stream:
            pass
    request = server.asked[0]
    assert (data.text, data.language) == ("hello", "en-IN")
    assert request.headers["api-subscription-key"] == "sk_test"
    assert "sk_test" not in str(request.url)
    assert sum(len(part) for part in server.lines[0].heard if isinstance(part, bytes)) == 32_000
    assert ears.meter.sound_ms == 1000
    assert {usage.model_id for usage in ears.meter.usages} == {"saaras:v3"}


@pytest.mark.parametrize(
    "refusal", [403, 404, closing(4000, after_hello=False), explain_and_refuse]
)
async def test_an_account_without_partials_is_heard_on_the_classic_socket_at_once(
    refusal: Part | int,
) -> None:
    async with (
        loopback(realtime=refusal, classic=hear_one_word_classic) as server,
        listening_to(server.url) as ears,
    ):
        async with ears.engine.stream() as stream:
            push(stream, speech(1.0))
            stream.flush()
            data = await next_of(stream, Kind.FINAL_TRANSCRIPT)
        first = list(server.paths)
        async with ears.engine.stream() as stream:
            push(stream, speech(1.0))
            stream.flush()
            await next_of(stream, Kind.FINAL_TRANSCRIPT)
    sounds = [message for message in server.lines[-1].heard if "type" not in message]
    assert (data.text, data.language) == ("namaste", "hi-IN")
    assert len(sounds) == 20
    assert first == [REALTIME, CLASSIC]
    assert server.paths == [REALTIME, CLASSIC, CLASSIC]


async def test_what_one_call_is_refused_is_asked_again_by_the_next() -> None:
    async with (
        loopback(realtime=422, classic=hear_one_word_classic) as server,
        listening_to(server.url) as ears,
        ears.engine.stream() as stream,
    ):
        push(stream, speech(1.0))
        stream.flush()
        assert (await next_of(stream, Kind.FINAL_TRANSCRIPT)).text == "namaste"
        assert len(ears.engine.usable_wires()) == 2


async def test_what_one_owner_is_refused_no_other_owner_feels() -> None:
    refused = Recent(100)
    async with loopback(realtime=[403, hear_one_word], classic=hear_one_word_classic) as server:
        for owner in ("tenant-1", "tenant-2"):
            async with (
                listening_to(server.url, owner=owner, refused=refused) as ears,
                ears.engine.stream() as stream,
            ):
                push(stream, speech(0.5))
                stream.flush()
                await next_of(stream, Kind.FINAL_TRANSCRIPT)
    assert server.paths == [REALTIME, CLASSIC, REALTIME]


async def test_a_refusal_is_forgotten_after_an_hour() -> None:
    now_s = 0.0
    refused = Recent(100, lambda: now_s)
    async with loopback() as server, listening_to(server.url, refused=refused) as ears:
        realtime, classic = ears.engine.usable_wires()
        ears.engine.remember_refusal(realtime)
        assert ears.engine.usable_wires() == (classic,)
        assert not ears.engine.accepts_mulaw
        now_s = 3601.0
        assert ears.engine.usable_wires() == (realtime, classic)
        assert ears.engine.accepts_mulaw


async def test_a_refused_key_is_told_and_decides_nothing() -> None:
    async with loopback(realtime=403, classic=403) as server, listening_to(server.url) as ears:
        async with ears.engine.stream() as stream:
            error = await failure_of(stream)
        assert len(ears.engine.usable_wires()) == 2
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.retryable) == (403, False)


async def test_a_stall_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stt_talk, "BEGIN_TIMEOUT_S", 0.2)
    async with loopback(realtime=say_nothing) as server, listening_to(server.url) as ears:
        async with ears.engine.stream() as stream:
            push(stream, speech(0.5))
            assert isinstance(await failure_of(stream), APITimeoutError)
        assert len(ears.engine.usable_wires()) == 2
        async with asyncio.timeout(5):
            await server.lines[0].is_over.wait()
    assert server.paths == [REALTIME]


async def test_a_handshake_that_is_never_answered_has_a_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stt_socket, "OPEN_TIMEOUT_S", 0.2)
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        listening_to(f"http://127.0.0.1:{port}") as ears,
        ears.engine.stream() as stream,
    ):
        assert isinstance(await failure_of(stream), APITimeoutError)
    server.close()


async def test_nobody_there() -> None:
    async with listening_to("http://127.0.0.1:9") as ears, ears.engine.stream() as stream:
        error = await failure_of(stream)
    assert isinstance(error, APIConnectionError)
    assert error.retryable


@pytest.mark.parametrize(
    ("code", "retryable"),
    [("rate_limit_exceeded_error", True), ("insufficient_quota_error", False)],
)
async def test_a_quota_is_told_from_a_rate(code: str, retryable: bool) -> None:
    async with loopback(realtime=429, classic=429) as server, listening_to(server.url) as ears:
        server.refusal = {"error": {"message": "too much", "code": code}}
        async with ears.engine.stream() as stream:
            error = await failure_of(stream)
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.retryable) == (429, retryable)


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1013, 4000])
async def test_no_end_in_mid_call_is_hidden(code: int) -> None:
    async with (
        loopback(realtime=closing(code, after_hello=True)) as server,
        listening_to(server.url) as ears,
        ears.engine.stream() as stream,
    ):
        push(stream, speech(0.2))
        error = await failure_of(stream)
    assert "because" not in str(error)
    assert server.paths == [REALTIME]


async def test_an_error_in_mid_call_is_told_by_its_code_and_not_by_its_words() -> None:
    async def fail(line: Line) -> None:
        await line.tell(**HELLO)
        await line.tell(event="error", code="internal_server_error", message="hello", is_fatal=True)
        await line.until_closed()

    async with (
        loopback(realtime=fail) as server,
        listening_to(server.url) as ears,
        ears.engine.stream() as stream,
    ):
        error = await failure_of(stream)
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.retryable) == (500, True)
    assert "hello" not in str(error)


async def test_an_error_that_is_not_fatal_changes_nothing() -> None:
    async def warn(line: Line) -> None:
        await line.tell(event="error", code="odd", message="no", is_fatal=False)
        await hear_one_word(line)

    async with (
        loopback(realtime=warn) as server,
        listening_to(server.url) as ears,
        ears.engine.stream() as stream,
    ):
        push(stream, speech(0.5))
        stream.flush()
        assert (await next_of(stream, Kind.FINAL_TRANSCRIPT)).text == "hello"


async def test_a_message_of_ten_megabytes_ends_the_connection() -> None:
    async def flood(line: Line) -> None:
        await line.tell(**HELLO)
        await line.socket.send_str("x" * 10_000_000)
        await line.until_closed()

    async with (
        loopback(realtime=flood) as server,
        listening_to(server.url) as ears,
        ears.engine.stream() as stream,
    ):
        assert isinstance(await failure_of(stream), APIConnectionError)


async def test_a_silent_callers_realtime_socket_is_pinged() -> None:
    async def wait_for_ping(line: Line) -> None:
        await line.tell(**HELLO)
        await line.until_event("ping")
        await line.tell(event="pong")
        await line.tell(event="transcript.final", text="")
        await line.until_closed()

    async with (
        loopback(realtime=wait_for_ping) as server,
        listening_to(server.url, keep_alive_s=0.1) as ears,
        ears.engine.stream() as stream,
    ):
        assert (await next_of(stream, Kind.FINAL_TRANSCRIPT)).text == ""
    assert ears.meter.sound_ms == 0


async def test_a_silent_callers_classic_socket_hears_silence() -> None:
    async def wait_for_sound(line: Line) -> None:
        await line.until(lambda message: "audio" in message)
        await line.tell(type="data", data={"transcript": ""})
        await line.until_closed()

    async with (
        loopback(classic=wait_for_sound) as server,
        listening_to(server.url, sockets=("classic",), keep_alive_s=0.1) as ears,
        ears.engine.stream() as stream,
    ):
        await next_of(stream, Kind.FINAL_TRANSCRIPT)
    assert ears.meter.sound_ms >= 50


async def test_the_socket_is_open_before_the_stream_is() -> None:
    is_there = asyncio.Event()

    async def arrive(line: Line) -> None:
        is_there.set()
        await hear_one_word(line)

    async with loopback(realtime=arrive) as server, listening_to(server.url) as ears:
        ears.engine.prewarm()
        ears.engine.prewarm()
        async with asyncio.timeout(5):
            await is_there.wait()
        async with ears.engine.stream() as stream:
            push(stream, speech(0.5))
            stream.flush()
            assert (await next_of(stream, Kind.FINAL_TRANSCRIPT)).text == "hello"
    assert server.paths == [REALTIME]


async def test_a_socket_opened_ahead_that_died_is_not_used() -> None:
    has_died = asyncio.Event()

    async def die(line: Line) -> None:
        await line.socket.close(code=1000)
        has_died.set()

    async with (
        loopback(realtime=[die, hear_one_word]) as server,
        listening_to(server.url) as ears,
    ):
        ears.engine.prewarm()
        async with asyncio.timeout(5):
            await has_died.wait()
        async with ears.engine.stream() as stream:
            push(stream, speech(0.5))
            stream.flush()
            assert (await next_of(stream, Kind.FINAL_TRANSCRIPT)).text == "hello"


async def test_a_closed_engine_leaves_no_socket() -> None:
    is_there = asyncio.Event()

    async def wait(line: Line) -> None:
        is_there.set()
        await line.until_closed()

    async with loopback(realtime=wait) as server:
        async with listening_to(server.url) as ears:
            ears.engine.prewarm()
            async with asyncio.timeout(5):
                await is_there.wait()
        async with asyncio.timeout(5):
            await server.lines[0].is_over.wait()


async def test_a_cancelled_stream_closes_its_socket_at_once() -> None:
    async with loopback(realtime=hear_one_word) as server, listening_to(server.url) as ears:
        before = asyncio.all_tasks()
        stream = ears.engine.stream()
        push(stream, speech(0.5))
        async with asyncio.timeout(5):
            assert (await anext(stream)).type is Kind.START_OF_SPEECH
        await stream.aclose()
        async with asyncio.timeout(5):
            await server.lines[0].is_over.wait()
        left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not {name for name in left if "Sarvam" in name or "STT" in name}


async def test_what_the_server_still_owes_is_heard_after_the_last_sound() -> None:
    async def answer_late(line: Line) -> None:
        await line.until_event("end_of_stream")
        await line.tell(type="data", data={"transcript": "good bye"})

    async with (
        loopback(classic=answer_late) as server,
        listening_to(server.url, sockets=("classic",)) as ears,
        ears.engine.stream() as stream,
    ):
        push(stream, speech(0.51))
        stream.end_input()
        assert (await next_of(stream, Kind.FINAL_TRANSCRIPT)).text == "good bye"
        async for _ in stream:
            pass
    assert ears.meter.sound_ms == 510
