"""Every way in which Sarvam's speech sockets end is told as what it is, in time."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from callmissed.kit.wav import write_wav
from tests.providers.sarvam.speech_server import (
    FINAL,
    Cut,
    Mute,
    Talk,
    audio,
    error,
    running,
    sound_of,
    speak_well,
)
from tests.providers.sarvam.voices import (
    RATE_HZ,
    TEXT,
    assert_told,
    deadlines_for,
    failure,
    speaking,
    spoken,
)


def mute(text: str, talk: Talk) -> Iterable[str]:
    raise Mute
    yield


def mute_after_the_header(text: str, talk: Talk) -> Iterable[str]:
    yield audio(write_wav(np.zeros(0, np.int16), RATE_HZ))
    yield '{"type": "pong"}'
    raise Mute


def mute_in_the_middle(text: str, talk: Talk) -> Iterable[str]:
    yield audio(sound_of(text)[:20_000])
    raise Mute


def cut_in_the_middle(text: str, talk: Talk) -> Iterable[str]:
    yield audio(sound_of(text)[:20_000])
    raise Cut


FAULTS: list[tuple[Callable[[str, Talk], Iterable[Any]], type[APIError], bool]] = [
    (mute, APITimeoutError, True),
    (mute_after_the_header, APITimeoutError, True),
    (mute_in_the_middle, APITimeoutError, False),
    (cut_in_the_middle, APIConnectionError, False),
    (lambda text, talk: [1000], APIConnectionError, True),
    (lambda text, talk: [1011], APIConnectionError, True),
    (lambda text, talk: [audio(sound_of(text)), 1000], APIConnectionError, False),
    (lambda text, talk: [FINAL], APIConnectionError, True),
    (lambda text, talk: ['{"broken": '], APIConnectionError, True),
    (lambda text, talk: ['"' + "x" * (10 << 20) + '"'], APIConnectionError, True),
    (lambda text, talk: [audio(b"RIFF0000AVI 000")], APIConnectionError, True),
    (lambda text, talk: [error(message=f"400: {text}")], APIStatusError, False),
    (lambda text, talk: [error(message=text)], APIStatusError, True),
    (lambda text, talk: [audio(b"0" * 999), error(code=500)], APIStatusError, False),
]


@pytest.mark.parametrize("number", range(len(FAULTS)))
async def test_every_end_is_told_and_the_next_piece_is_spoken(number: int) -> None:
    answer, kind, retryable = FAULTS[number]
    async with running(answer) as server, speaking(server.url) as voice:
        for _ in range(2):
            with deadlines_for(kind):
                raised = await failure(voice)
            assert_told(raised, kind)
            assert raised.retryable is retryable
        server.answer = speak_well
        assert await spoken(voice) == sound_of(TEXT)


async def test_a_port_where_nobody_listens_or_nobody_answers() -> None:
    async with speaking("http://127.0.0.1:1") as voice:
        assert_told(await failure(voice), APIConnectionError)
    waiting = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with waiting, speaking(f"http://127.0.0.1:{_port(waiting)}") as voice:
        with deadlines_for(APITimeoutError):
            assert_told(await failure(voice), APITimeoutError)


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


async def test_a_path_that_is_refused_is_a_status() -> None:
    async with running(speak_well) as server, speaking(server.url, path="/nowhere") as voice:
        raised = await failure(voice)
        assert isinstance(raised, APIStatusError)
        assert (raised.status_code, raised.retryable) == (404, False)


async def test_a_closed_voice_says_nothing_more() -> None:
    async with running(speak_well) as server, speaking(server.url) as voice:
        await voice.aclose()
        voice.prewarm()
        assert_told(await failure(voice), APIConnectionError)
        assert server.talks == []
