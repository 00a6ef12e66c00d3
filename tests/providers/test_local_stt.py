"""Recognition through real decoder processes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
from livekit import rtc
from livekit.agents import stt

from callmissed.kit.pcm import resample
from callmissed.providers.local.choosing import choose_reading, stems_in
from callmissed.providers.local.decoders import Decoder, DecoderPool
from callmissed.providers.local.stt import LocalSTT, LocalSTTStream
from tests.speech.evaluation import next_final, push_sound
from tests.speech.recordings import read_recording, spoken_questions

Kind = stt.SpeechEventType
SATURDAY = read_recording(spoken_questions("main")[0].path)
BLOOD_TEST = read_recording(spoken_questions("main")[6].path)
PAUSE = np.zeros(6400, np.int16)


async def events_until_final(stream: LocalSTTStream) -> AsyncIterator[stt.SpeechEvent]:
    async for event in stream:
        yield event
        if event.type is Kind.FINAL_TRANSCRIPT:
            return


async def test_words_come_while_they_are_spoken_and_once_more_at_the_end(pool: DecoderPool) -> None:
    middle = len(SATURDAY) // 2
    async with LocalSTT(pool, language="en-IN").stream() as stream:
        push_sound(stream, np.concatenate([PAUSE, SATURDAY[:middle]]))
        events = [await anext(stream), await anext(stream)]
        push_sound(stream, np.concatenate([SATURDAY[middle:], PAUSE]))
        stream.flush()
        events += [event async for event in events_until_final(stream)]
    kinds = [event.type for event in events]
    final = events[-1].alternatives[0]
    assert kinds[:2] == [Kind.START_OF_SPEECH, Kind.INTERIM_TRANSCRIPT]
    assert "saturday" in final.text
    assert final.language == "en-IN"
    assert 0.3 < final.start_time < 1.0 < final.end_time < 4.0


async def test_a_flush_is_always_answered_also_when_nobody_spoke(pool: DecoderPool) -> None:
    async with LocalSTT(pool).stream() as stream:
        push_sound(stream, PAUSE)
        stream.flush()
        events = [event async for event in events_until_final(stream)]
    assert [event.type for event in events] == [Kind.FINAL_TRANSCRIPT]
    assert events[0].alternatives[0].text == ""


async def test_a_pause_inside_a_sentence_does_not_tear_it(pool: DecoderPool) -> None:
    gap = np.zeros(4800, np.int16)
    middle = len(SATURDAY) // 2
    async with LocalSTT(pool).stream() as stream:
        push_sound(stream, np.concatenate([PAUSE, SATURDAY, gap, SATURDAY[middle:], PAUSE]))
        stream.flush()
        text = await next_final(stream)
    assert text.count("saturday") == 2


async def test_turns_are_told_in_their_order(pool: DecoderPool) -> None:
    async with LocalSTT(pool).stream() as stream:
        for sound in (SATURDAY, BLOOD_TEST):
            push_sound(stream, np.concatenate([PAUSE, sound, PAUSE]))
            stream.flush()
        first, second = await next_final(stream), await next_final(stream)
    assert "saturday" in first
    assert "blood" in second


async def test_sound_of_another_rate_is_understood(pool: DecoderPool) -> None:
    sound = resample(np.concatenate([PAUSE, SATURDAY, PAUSE]), 16_000, 48_000)
    async with LocalSTT(pool).stream() as stream:
        for start in range(0, len(sound) - 959, 960):
            stream.push_frame(rtc.AudioFrame(sound[start : start + 960].tobytes(), 48_000, 1, 960))
        stream.end_input()
        assert "saturday" in await next_final(stream)


async def test_an_utterance_outlives_its_decoder(pool: DecoderPool) -> None:
    middle = len(SATURDAY) // 2
    async with LocalSTT(pool).stream() as stream:
        push_sound(stream, np.concatenate([PAUSE, SATURDAY[:middle]]))
        async for event in stream:
            if event.type is Kind.INTERIM_TRANSCRIPT:
                break
        for decoder in pool.members:
            os.kill(decoder.pid, signal.SIGKILL)
        push_sound(stream, np.concatenate([SATURDAY[middle:], PAUSE]))
        stream.flush()
        assert "saturday" in await next_final(stream)


async def test_a_decoder_that_stands_still_is_replaced(pool: DecoderPool) -> None:
    for decoder in pool.members:
        os.kill(decoder.pid, signal.SIGSTOP)
    async with LocalSTT(pool).stream() as stream:
        push_sound(stream, np.concatenate([PAUSE, SATURDAY, PAUSE]))
        stream.flush()
        assert "saturday" in await next_final(stream)


async def test_more_speakers_than_decoders_are_all_heard(pool: DecoderPool) -> None:
    async def ask() -> str:
        async with LocalSTT(pool).stream() as stream:
            push_sound(stream, np.concatenate([PAUSE, SATURDAY, PAUSE]))
            stream.flush()
            return await next_final(stream)

    texts = await asyncio.gather(*(ask() for _ in range(5)))
    assert all("saturday" in text for text in texts)
    assert pool.size <= 2


async def test_a_stream_closed_in_mid_sentence_gives_its_decoder_back(pool: DecoderPool) -> None:
    stream = LocalSTT(pool).stream()
    push_sound(stream, np.concatenate([PAUSE, SATURDAY[: len(SATURDAY) // 2]]))
    async for event in stream:
        if event.type is Kind.INTERIM_TRANSCRIPT:
            break
    await stream.aclose()
    lent = [await asyncio.wait_for(pool.lend(), 30) for _ in range(2)]
    assert all(isinstance(decoder, Decoder) and decoder.is_alive for decoder in lent)


async def test_a_closed_pool_leaves_no_process() -> None:
    pool = DecoderPool(ready=2, limit=2)
    await pool.open()
    pids = [decoder.pid for decoder in pool.members]
    await pool.aclose()
    assert pids
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_reading_with_a_word_of_the_documents_wins_where_it_is_about_as_likely() -> None:
    known = stems_in(["An X-ray costs 800 rupees."])
    readings = [("pay for the next raid", 0.0), ("pay for an x-ray", -0.01), ("xray xray", -0.5)]
    assert choose_reading(readings, known) == "pay for an x-ray"
    assert choose_reading(readings, frozenset()) == "pay for the next raid"
    assert choose_reading([], known) == ""
