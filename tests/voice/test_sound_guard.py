"""What passes while the agent speaks: the caller's voice, not its echo and not their room."""

import numpy as np
import pytest
from livekit import rtc

from bench.sound.noises import NOISES, Sound, as_samples, at_level
from callmissed.kit.loudness import window_levels_db
from callmissed.voice.listening import LOOK_BACK_S
from callmissed.voice.sound_background import Background
from callmissed.voice.sound_guard import VOICES_S, SoundGuard
from callmissed.voice.sound_played import PlayedSound
from tests.speech.recordings import RATE_HZ, read_recording, spoken_questions
from tests.voice.callers import load_words

FRAME = RATE_HZ // 50
LENGTH_S = 6.0
SECONDS = int(LENGTH_S) * RATE_HZ
DICE = np.random.default_rng(7)
QUIET_ROOM = DICE.normal(0, 4, SECONDS)
CALLER_DB = -26.0
ONSET_S = 3.0


class Playing:
    """The playhead of a speech that began with the sound of the microphone."""

    played_s = 0.0
    audible_at_s = silent_at_s = None


def agents_speech() -> Sound:
    """Somebody else's voice, without a pause, at −20 dB."""
    spoken = [item for item in spoken_questions("main") if item.voice == "awb"]
    words = np.concatenate([read_recording(item.path) for item in spoken])
    return at_level(words[:SECONDS], -20.0)


AGENT = agents_speech()


def passes(
    microphone: Sound,
    *,
    rate_hz: int = RATE_HZ,
    agent: Sound | None = AGENT,
    agent_hz: int = RATE_HZ,
    voice_from_s: float = 0.0,
    voice_for_s: float = 0.0,
) -> list[bool]:
    """For each 20 ms of what the microphone gave, whether it passed. Our voice detector hears a voice
    from then on, for so long.
    """
    playing, background = Playing(), Background()
    played = PlayedSound(playing)
    guard = SoundGuard(played, background)
    if agent is not None:
        pcm = as_samples(agent)
        played.add(rtc.AudioFrame(pcm.tobytes(), agent_hz, 1, len(pcm)))
    samples, passed, frame = as_samples(microphone), [], rate_hz // 50
    for start in range(0, len(samples) - frame + 1, frame):
        piece = samples[start : start + frame]
        playing.played_s = (start + frame) / rate_hz
        if agent is not None and playing.played_s > len(agent) / agent_hz:
            played.restart()
        if start == int(voice_from_s * rate_hz):
            guard.note_voice(voice_for_s > 0.0)
        elif start == int((voice_from_s + voice_for_s) * rate_hz):
            guard.note_voice(False)
        levels_db = window_levels_db(piece, rate_hz).tolist()
        passed.append(guard.lets_pass(piece, rate_hz, levels_db))
        background.add(levels_db)
    return passed


def at_rate(sound: Sound, rate_hz: int) -> Sound:
    places_s = np.arange(int(len(sound) / RATE_HZ * rate_hz)) / rate_hz
    return np.interp(places_s, np.arange(len(sound)) / RATE_HZ, sound)


def echo_of(agent: Sound, fainter_db: float, delay_s: float) -> Sound:
    """By two ways, the second fainter and 3 ms later."""
    echo = np.zeros(len(agent))
    for gain, lag in ((1.0, int(delay_s * RATE_HZ)), (0.4, int((delay_s + 0.003) * RATE_HZ))):
        echo[lag:] += gain * agent[: len(agent) - lag]
    return echo * 10 ** (-fainter_db / 20)


def spoken_into(room: Sound) -> Sound:
    words = at_level(load_words(), CALLER_DB)
    start = int(ONSET_S * RATE_HZ)
    mixed = room.copy()
    mixed[start : start + len(words)] += words
    return mixed


def opened_after_s(passed: list[bool]) -> float:
    """How long after the caller's first sound their voice passed; nothing had passed before."""
    first = passed.index(True) * FRAME / RATE_HZ
    assert first >= ONSET_S
    return first - ONSET_S


@pytest.mark.parametrize("fainter_db", [20.0, 10.0, 3.0])
@pytest.mark.parametrize("delay_s", [0.03, 0.3, 0.7])
def test_the_agents_own_echo_does_not_pass(fainter_db: float, delay_s: float) -> None:
    assert not any(passes(QUIET_ROOM + echo_of(AGENT, fainter_db, delay_s)))


@pytest.mark.parametrize("agent_hz", [8000, 24000, 22050])
def test_the_echo_is_known_at_whatever_rate_the_agent_speaks(agent_hz: int) -> None:
    heard = QUIET_ROOM + echo_of(AGENT, 20.0, 0.2)
    assert not any(passes(heard, agent=at_rate(AGENT, agent_hz), agent_hz=agent_hz))


@pytest.mark.parametrize("rate_hz", [8000, 48000])
def test_the_guard_knows_echo_and_caller_at_whatever_rate_they_are_heard(rate_hz: int) -> None:
    echo = QUIET_ROOM + echo_of(AGENT, 20.0, 0.2)
    assert not any(passes(at_rate(echo, rate_hz), rate_hz=rate_hz))
    assert opened_after_s(passes(at_rate(spoken_into(echo), rate_hz), rate_hz=rate_hz)) <= 0.24


@pytest.mark.parametrize("noise", NOISES)
def test_a_noisy_room_does_not_pass(noise: str) -> None:
    room = at_level(NOISES[noise](LENGTH_S, np.random.default_rng(3)), CALLER_DB - 10)
    assert not any(passes(room))


@pytest.mark.parametrize("noise", NOISES)
def test_a_caller_in_a_noisy_room_passes(noise: str) -> None:
    room = at_level(NOISES[noise](LENGTH_S, np.random.default_rng(3)), CALLER_DB - 10)
    assert opened_after_s(passes(spoken_into(room))) <= LOOK_BACK_S - 0.02


def test_a_caller_passes_over_the_agents_echo() -> None:
    room = QUIET_ROOM + echo_of(AGENT, 20.0, 0.25)
    assert opened_after_s(passes(spoken_into(room))) <= LOOK_BACK_S - 0.02


def test_a_caller_passes_before_their_sound_is_lost() -> None:
    assert opened_after_s(passes(spoken_into(QUIET_ROOM))) <= LOOK_BACK_S - 0.02


def test_everything_passes_while_the_agent_is_silent() -> None:
    assert all(passes(at_level(NOISES["babble"](1.0, DICE), -30.0), agent=None))


def test_a_room_full_of_voices_falls_silent_until_the_caller_speaks() -> None:
    room = at_level(NOISES["babble"](LENGTH_S, np.random.default_rng(3)), CALLER_DB - 10)
    passed = passes(spoken_into(room), agent=None, voice_for_s=LENGTH_S)
    fell_silent_s = passed.index(False) * FRAME / RATE_HZ
    assert VOICES_S - 0.1 <= fell_silent_s <= VOICES_S + 0.1
    before = int(fell_silent_s * 50)
    assert opened_after_s([*[False] * before, *passed[before:]]) <= LOOK_BACK_S - 0.02


def test_a_room_whose_voices_are_gone_passes_again() -> None:
    room = at_level(NOISES["babble"](LENGTH_S, np.random.default_rng(3)), CALLER_DB - 10)
    then_quiet = np.concatenate([room, QUIET_ROOM])
    passed = passes(then_quiet, agent=None, voice_for_s=VOICES_S + 0.3)
    assert not any(passed[150:300])
    assert all(passed[-50:])


def test_a_faint_caller_in_noise_is_not_taken_for_the_room() -> None:
    room = at_level(NOISES["pink"](LENGTH_S, np.random.default_rng(3)), CALLER_DB - 6)
    words_s = len(load_words()) / RATE_HZ
    passed = passes(spoken_into(room), agent=None, voice_from_s=ONSET_S, voice_for_s=words_s)
    assert all(passed)


def test_a_room_full_of_voices_is_known_before_the_agent_falls_silent() -> None:
    room = at_level(NOISES["babble"](LENGTH_S, np.random.default_rng(3)), CALLER_DB - 10)
    assert not any(passes(room, agent=AGENT[: SECONDS // 2]))


def test_the_agent_that_is_about_to_greet_is_guarded_at_once() -> None:
    room = at_level(NOISES["babble"](LENGTH_S, np.random.default_rng(3)), CALLER_DB - 10)
    background = Background()
    guard = SoundGuard(PlayedSound(Playing()), background)
    guard.expect_agent()
    for start in range(0, 2 * RATE_HZ, FRAME):
        piece = as_samples(room)[start : start + FRAME]
        levels_db = window_levels_db(piece, RATE_HZ).tolist()
        assert not guard.lets_pass(piece, RATE_HZ, levels_db)
        background.add(levels_db)
