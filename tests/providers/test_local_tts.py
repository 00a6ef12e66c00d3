"""Synthesis with the engines of this machine."""

import asyncio

import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions

from callmissed.kit.loudness import first_audible_sample
from callmissed.providers.local.flite import to_speakable
from callmissed.providers.local.tts import LocalTTS, split_clauses
from callmissed.providers.local.voices import Voices, language_of

NO_RETRY = APIConnectOptions(max_retry=0)


async def sound_of(tts: LocalTTS, text: str) -> np.ndarray:
    frame = await tts.synthesize(text, conn_options=NO_RETRY).collect()
    return np.frombuffer(frame.data, dtype=np.int16)


async def test_a_sentence_becomes_sound_of_the_wished_rate(voices: Voices) -> None:
    text = "We are open from nine to six."
    slow = await sound_of(LocalTTS(voices, sample_rate=8_000), text)
    fast = await sound_of(LocalTTS(voices, sample_rate=48_000), text)
    assert 1.0 < len(slow) / 8_000 < 4.0
    assert len(fast) / len(slow) == pytest.approx(6, rel=0.02)
    assert np.abs(slow).max() > 2000


async def test_no_dead_time_before_the_first_word_and_little_after_the_last(voices: Voices) -> None:
    sound = await sound_of(LocalTTS(voices, sample_rate=16_000), "Yes, of course.")
    start = first_audible_sample(sound)
    end = first_audible_sample(sound[::-1])
    assert start is not None
    assert end is not None
    assert start / 16 <= 30
    assert end / 16 <= 250


async def test_a_voice_that_is_not_here_is_replaced(voices: Voices) -> None:
    own = await sound_of(LocalTTS(voices, voice="slt"), "Hello there.")
    seeds = await sound_of(LocalTTS(voices, voice="shubh"), "Hello there.")
    assert len(seeds) == pytest.approx(len(own), rel=0.05)


async def test_two_voices_sound_different(voices: Voices) -> None:
    if "flite" not in voices.engines:
        pytest.skip("flite is not installed here")
    slt = await sound_of(LocalTTS(voices, voice="slt"), "Hello there.")
    rms = await sound_of(LocalTTS(voices, voice="rms"), "Hello there.")
    assert len(slt) != pytest.approx(len(rms), rel=0.05)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("hi", "नमस्ते, मैं आपकी मदद कर सकती हूँ।"),
        ("ta", "வணக்கம், நான் உதவலாமா?"),
        ("te", "నమస్కారం, నేను సహాయం చేయగలను."),
        ("bn", "নমস্কার, আমি সাহায্য করতে পারি।"),
        ("ml", "നമസ്കാരം, ഞാൻ സഹായിക്കാം."),
        ("kn", "ನಮಸ್ಕಾರ, ನಾನು ಸಹಾಯ ಮಾಡುತ್ತೇನೆ."),
        ("mr", "नमस्कार, मी मदत करते."),
        ("gu", "નમસ્તે, હું મદદ કરીશ."),
        ("pa", "ਸਤ ਸ੍ਰੀ ਅਕਾਲ, ਮੈਂ ਮਦਦ ਕਰਾਂਗੀ।"),
        ("or", "ନମସ୍କାର, ମୁଁ ସାହାଯ୍ୟ କରିବି।"),
    ],
)
async def test_indian_languages_are_spoken(voices: Voices, language: str, text: str) -> None:
    if "espeak-ng" not in voices.engines:
        pytest.skip("the extra `espeak` is not installed here")
    tts = LocalTTS(voices, model="espeak-ng", language=f"{language}-IN", sample_rate=16_000)
    sound = await sound_of(tts, text)
    assert len(sound) / 16_000 > 0.8
    assert np.abs(sound).max() > 2000


async def test_a_text_with_nothing_to_speak_is_a_short_silence(voices: Voices) -> None:
    assert 0 < len(await sound_of(LocalTTS(voices), "…")) < 24_000


async def test_many_sessions_speak_at_once_without_mixing(voices: Voices) -> None:
    texts = ["One.", "This is a much longer sentence than the others are.", "Two words."]
    alone = [len(await sound_of(LocalTTS(voices), text)) for text in texts]
    together = await asyncio.gather(*(sound_of(LocalTTS(voices), text) for text in texts * 3))
    assert [len(sound) for sound in together] == pytest.approx(alone * 3, rel=0.05)


async def test_a_failing_engine_is_an_error_of_the_interface() -> None:
    closed = Voices()
    with pytest.raises(APIConnectionError):
        await sound_of(LocalTTS(closed), "Hello.")
    await closed.aclose()


def test_the_first_piece_of_a_long_sentence_is_short() -> None:
    text = (
        "On Saturday, we open at ten in the morning, and we close at two in the afternoon, but "
        "on Sunday, and on every public holiday of the state, we are closed for the whole day."
    )
    pieces = split_clauses(text)
    assert " ".join(pieces) == text
    assert len(pieces[0]) <= 60
    assert all(len(piece) <= 160 for piece in pieces)


def test_the_script_decides_the_language_where_it_can() -> None:
    assert language_of("नमस्ते", "en-IN") == "hi"
    assert language_of("नमस्कार", "mr-IN") == "mr"
    assert language_of("Hello", "en-US") == "en"
    assert language_of("Hello", "fr") == "en"


def test_flite_gets_only_what_it_can_say() -> None:
    assert to_speakable("An X-ray is ₹1,200 – that’s all…") == (
        "An X-ray is 1,200 rupees, that's all."
    )
    assert to_speakable("Café") == "Cafe"
