"""The tone code says what was sent and nothing else, over every line that we have."""

import av
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import inference
from livekit.agents.vad import VADEventType

from callmissed.dev.tones import Decoder, decode, encode, heard_words
from callmissed.dev.vocabulary import CODES, ENGLISH, HINDI, code_of, words_of
from callmissed.kit.mulaw import decode_mulaw, encode_mulaw
from callmissed.kit.pcm import Samples, resample

EVERY_WORD = " ".join((*ENGLISH, *HINDI))


def words(samples: Samples, rate_hz: int) -> list[str]:
    return [heard.word for heard in decode(samples, rate_hz)]


def over_opus(samples: Samples, bit_rate: int) -> Samples:
    """48 kHz through libopus as WebRTC uses it, 20 ms a packet."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    encoder.bit_rate = bit_rate
    encoder.options = {"application": "voip"}
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = 48_000, "mono"
    pieces = []
    for start in range(0, len(samples) - 960, 960):
        frame = av.AudioFrame.from_ndarray(
            samples[start : start + 960].reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts = 48_000, start
        for packet in encoder.encode(frame):
            for sound in decoder.decode(packet):
                played = sound.to_ndarray().reshape(-1)
                pieces.append(
                    played if played.dtype == np.int16 else (played * 32767).astype(np.int16)
                )
    return np.concatenate(pieces)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 24_000, 48_000])
def test_every_word_is_read_back(rate_hz: int) -> None:
    assert words(encode(EVERY_WORD, rate_hz), rate_hz) == words_of(EVERY_WORD)


def test_there_are_at_least_64_words_and_each_has_a_code() -> None:
    known = words_of(EVERY_WORD)
    assert len(known) >= 64
    assert len({code_of(word) for word in known}) == len(known) < CODES


def test_unknown_words_share_names() -> None:
    text = "Perspicacious, the doctor!"
    assert words(encode(text, 16_000), 16_000) == heard_words(text)
    assert heard_words(text)[1:] == ["the", "doctor"]


def test_the_same_word_twice_is_two_words() -> None:
    assert words(encode("two two two one one", 16_000), 16_000) == words_of("two two two one one")


def test_words_survive_mulaw() -> None:
    sent = encode(EVERY_WORD, 8_000)
    assert words(decode_mulaw(encode_mulaw(sent)), 8_000) == words_of(EVERY_WORD)


def test_words_survive_noise() -> None:
    sent = encode(EVERY_WORD, 16_000)
    noise = np.random.default_rng(1).normal(0, 600, len(sent))
    noisy = np.clip(sent + noise, -32768, 32767).astype(np.int16)
    assert words(noisy, 16_000) == words_of(EVERY_WORD)


@pytest.mark.parametrize("bit_rate", [24_000, 32_000, 64_000])
def test_words_survive_opus(bit_rate: int) -> None:
    sent = np.concatenate([encode(EVERY_WORD, 48_000), np.zeros(9_600, dtype=np.int16)])
    assert words(over_opus(sent, bit_rate), 48_000) == words_of(EVERY_WORD)


def test_words_survive_changes_of_rate() -> None:
    sent = resample(encode(EVERY_WORD, 24_000), 24_000, 48_000)
    assert words(resample(sent, 48_000, 16_000), 16_000) == words_of(EVERY_WORD)


def test_pieces_of_any_size_read_the_same() -> None:
    sent = encode("book the doctor tomorrow nine", 16_000)
    dice = np.random.default_rng(2)
    decoder = Decoder(16_000)
    heard = []
    at = 0
    while at < len(sent):
        size = int(dice.integers(1, 900))
        heard += decoder.push(sent[at : at + size])
        at += size
    heard += decoder.flush()
    assert [one.word for one in heard] == words_of("book the doctor tomorrow nine")


def test_a_word_cut_in_two_is_read_at_most_once() -> None:
    sent = encode("hello", 16_000)
    for cut in range(0, len(sent), 160):
        halves = words(sent[:cut], 16_000) + words(sent[cut:], 16_000)
        assert len(halves) <= 1


def test_a_lost_second_is_lost_words_and_a_repeated_one_doubled() -> None:
    sent = encode("one two three four five six seven eight", 16_000)
    without = np.concatenate([sent[:6_400], sent[16_000:]])
    twice = np.concatenate([sent[:16_000], sent[6_400:]])
    assert words(without, 16_000) == words_of("one two six seven eight")
    assert words(twice, 16_000) == words_of(
        "one two three four five three four five six seven eight"
    )


def test_positions_are_those_of_the_sound() -> None:
    sent = np.concatenate([np.zeros(8_000, dtype=np.int16), encode("one two", 16_000)])
    first, second = decode(sent, 16_000)
    assert abs(first.start_ms - 500) <= 20
    assert abs(second.start_ms - 700) <= 20


def test_silence_and_noise_hold_no_words() -> None:
    noise = np.random.default_rng(3).normal(0, 3_000, 160_000).astype(np.int16)
    assert words(noise, 16_000) == []
    assert words(np.zeros(16_000, dtype=np.int16), 16_000) == []


async def test_voice_activity_detection_takes_it_for_speech() -> None:
    pause = np.zeros(16_000, dtype=np.int16)
    sent = np.concatenate([pause, encode("book the doctor tomorrow", 16_000), pause])
    stream = inference.VAD(min_silence_duration=0.25).stream()
    for start in range(0, len(sent), 320):
        piece = sent[start : start + 320]
        stream.push_frame(rtc.AudioFrame(piece.tobytes(), 16_000, 1, len(piece)))
    stream.end_input()
    changes = [event.type async for event in stream if event.type != VADEventType.INFERENCE_DONE]
    assert changes == [VADEventType.START_OF_SPEECH, VADEventType.END_OF_SPEECH]
