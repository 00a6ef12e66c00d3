"""One call's voice over Sarvam's sockets: sound intact to the sample, sockets used again, dropped,
kept alive.
"""

import asyncio
import random
from collections.abc import Iterable

import pytest

from callmissed.dev.tones import encode
from callmissed.domain.models import Service
from callmissed.domain.usage import Measure, Usage
from callmissed.kit.mulaw import decode_mulaw, encode_mulaw
from callmissed.kit.wav import write_wav
from callmissed.providers.sarvam import tts_sockets
from tests.providers.metering import Counted
from tests.providers.sarvam.speech_server import (
    FINAL,
    Mute,
    Talk,
    audio,
    running,
    sound_of,
    speak_well,
)
from tests.providers.sarvam.voices import KEY, ONCE, RATE_HZ, TEXT, failure, speaking, spoken


@pytest.mark.parametrize("seed", range(8))
async def test_sound_is_intact_to_the_sample_however_it_is_cut(seed: int) -> None:
    chance = random.Random(seed)

    def answer(text: str, talk: Talk) -> Iterable[str]:
        sound = write_wav(encode(text, RATE_HZ), RATE_HZ) if seed % 2 else sound_of(text)
        while sound:
            size = chance.choice([1, 3, 43, 45, 999, 4800, 20_001])
            yield audio(sound[:size])
            sound = sound[size:]
        yield FINAL

    async with running(answer) as server, speaking(server.url) as voice:
        assert await spoken(voice) == sound_of(TEXT)


async def test_twenty_pieces_in_a_row_use_two_sockets() -> None:
    texts = [f"Piece number {count} of the answer." for count in range(20)]
    async with running(speak_well) as server, speaking(server.url) as voice:
        for text in texts:
            assert await spoken(voice, text) == sound_of(text)
        assert len(server.talks) == 2
        assert [piece for talk in server.talks for piece in talk.pieces] == texts
        assert [talk.kinds.count("config") for talk in server.talks] == [1, 1]


async def test_what_is_asked_and_with_which_key() -> None:
    async with running(speak_well) as server, speaking(server.url, voice="Amelia") as voice:
        await spoken(voice)
    talk = server.talks[0]
    assert talk.query == {"model": "bulbul:v3", "send_completion_event": "true"}
    assert talk.key == KEY
    assert talk.messages[0] == {
        "type": "config",
        "data": {
            "model": "bulbul:v3",
            "target_language_code": "en-IN",
            "speaker": "ritu",
            "speech_sample_rate": 24_000,
            "output_audio_codec": "linear16",
            "min_buffer_size": 30,
            "max_chunk_length": 150,
        },
    }
    assert talk.kinds == ["config", "text", "flush"]


async def test_the_newer_model_has_its_own_socket() -> None:
    async with (
        running(speak_well) as server,
        speaking(server.url, model_id="bulbul:v4-flash", voice="dev_en_conversational") as voice,
    ):
        await spoken(voice)
        assert server.talks[0].query["model"] == "bulbul:v4-flash"
        assert server.talks[0].socket._req is not None
        assert server.talks[0].socket._req.path == "/text-to-speech/ws/v2"


async def test_a_socket_is_open_before_the_first_word() -> None:
    async with running(speak_well) as server, speaking(server.url) as voice:
        voice.prewarm()
        voice.prewarm()
        await server.has_opened(1)
        assert [talk.kinds for talk in server.talks] == [["config"]]
        await spoken(voice)
        await server.has_opened(2)
        assert [bool(talk.pieces) for talk in server.talks] == [True, False]


@pytest.mark.parametrize("seed", range(6))
async def test_a_cancelled_piece_drops_its_socket_and_the_next_is_open(seed: int) -> None:
    chance = random.Random(seed)
    messages = chance.randrange(0, 40)

    def answer(text: str, talk: Talk) -> Iterable[str]:
        if text != "Long.":
            yield from speak_well(text, talk)
            return
        for _ in range(messages):
            yield audio(bytes(chance.randrange(1, 2000)))
        raise Mute

    async with running(answer) as server, speaking(server.url) as voice:
        voice.prewarm()
        async with voice.synthesize("Long.", conn_options=ONCE) as stream:
            await server.has_opened(2)
            if messages > 20:
                await anext(stream)
        assert await spoken(voice) == sound_of(TEXT)
        async with asyncio.timeout(5):
            await server.talks[0].over.wait()
        assert server.talks[1].pieces == [TEXT]


async def test_a_piece_that_nobody_waits_for_opens_and_leaves_nothing() -> None:
    async with running(speak_well) as server:
        async with speaking(server.url) as voice:
            stream = voice.synthesize(TEXT, conn_options=ONCE)
            await stream.aclose()
        for talk in server.talks:
            async with asyncio.timeout(5):
                await talk.over.wait()


async def test_another_language_is_told_before_the_next_piece() -> None:
    async with running(speak_well) as server, speaking(server.url) as voice:
        await spoken(voice)
        assert voice.set_language("hi-IN")
        await spoken(voice, "नमस्ते")
        assert voice.set_language("or-IN")
        await spoken(voice, "ନମସ୍କାର")
    configs = [one["data"] for one in server.talks[0].messages if one["type"] == "config"]
    assert [one["target_language_code"] for one in configs] == ["en-IN", "hi-IN", "od-IN"]


async def test_a_language_that_the_voice_does_not_speak_changes_nothing() -> None:
    async with running(speak_well) as server, speaking(server.url) as voice:
        assert not voice.set_language("as-IN")
        assert not voice.set_language("fr")
        await spoken(voice)
    assert server.talks[0].messages[0]["data"]["target_language_code"] == "en-IN"


async def test_a_long_text_goes_in_messages_that_the_server_takes() -> None:
    text = "incomprehensibilities. " * 230
    async with running(speak_well) as server, speaking(server.url) as voice:
        assert await spoken(voice, text) == sound_of(text)
    assert server.talks[0].kinds == ["config", "text", "text", "text", "flush"]
    assert server.talks[0].pieces == [text]


async def test_the_telephone_hears_mulaw_at_eight_kilohertz() -> None:
    sound = encode_mulaw(encode(TEXT, 8000))

    def answer(text: str, talk: Talk) -> Iterable[str]:
        yield audio(sound)
        yield FINAL

    async with running(answer) as server, speaking(server.url, codec="mulaw") as voice:
        assert voice.sample_rate == 8000
        assert await spoken(voice) == decode_mulaw(sound).tobytes()


async def test_a_socket_that_the_server_closed_meanwhile_is_not_used() -> None:
    async with running(speak_well) as server, speaking(server.url) as voice:
        await spoken(voice)
        await server.has_opened(2)
        for talk in server.talks:
            await talk.socket.close()
        assert await spoken(voice) == sound_of(TEXT)


async def test_a_socket_that_ended_unnoticed_costs_no_piece() -> None:
    """The server hangs up in the moment in which it is spoken to."""
    meter = Counted()

    def answer(text: str, talk: Talk) -> Iterable[str | int]:
        if talk is first and len(talk.pieces) > 1:
            return [1000]
        return speak_well(text, talk)

    async with running(answer) as server, speaking(server.url, meter) as voice:
        voice.prewarm()
        await server.has_opened(1)
        first = server.talks[0]
        assert await spoken(voice) == sound_of(TEXT)
        assert await spoken(voice) == sound_of(TEXT)
        assert [len(talk.pieces) for talk in server.talks][:2] == [2, 1]
    assert meter.total == 2 * len(TEXT)


async def test_a_socket_that_sends_sound_for_nobody_is_left() -> None:
    async with running(speak_well) as server, speaking(server.url) as voice:
        await spoken(voice)
        await server.has_opened(2)
        await server.talks[0].socket.send_str(audio(b"late"))
        async with asyncio.timeout(5):
            await server.talks[0].over.wait()
        assert await spoken(voice) == sound_of(TEXT)
        assert server.talks[1].pieces == [TEXT]


async def test_a_waiting_socket_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tts_sockets, "PING_EVERY_S", 0.02)
    async with running(speak_well) as server, speaking(server.url) as voice:
        voice.prewarm()
        async with asyncio.timeout(5):
            await server.pinged.wait()
        assert await spoken(voice) == sound_of(TEXT)


async def test_three_pieces_at_once_do_not_mix() -> None:
    texts = ["The first one.", "The second of them.", "And a third."]
    async with running(speak_well) as server, speaking(server.url) as voice:
        assert await asyncio.gather(*(spoken(voice, text) for text in texts)) == [
            sound_of(text) for text in texts
        ]
        assert sorted(piece for talk in server.talks for piece in talk.pieces) == sorted(texts)


async def test_characters_are_counted_when_they_are_sent() -> None:
    meter = Counted()
    async with running(speak_well) as server, speaking(server.url, meter) as voice:
        await spoken(voice, "नमस्ते 🙂")
        await spoken(voice)
        server.answer = lambda text, talk: iter([audio(sound_of(text)), 1000])
        await failure(voice, "Lost.")
    entry = Usage(Service.TTS, "bulbul:v3", Measure.CHARACTERS, 8)
    assert meter.entries[0] == entry
    assert meter.total == sum(len(piece) for talk in server.talks for piece in talk.pieces)


async def test_nothing_to_say_asks_nobody() -> None:
    async with (
        running(speak_well) as server,
        speaking(server.url) as voice,
        voice.synthesize(" \n", conn_options=ONCE) as stream,
    ):
        assert [frame async for frame in stream] == []
    assert server.talks == []
