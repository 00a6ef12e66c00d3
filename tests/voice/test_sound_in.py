"""What becomes of the caller's sound before anybody listens to it."""

import time
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from livekit import rtc
from livekit.agents.voice import io

from bench.sound.noises import Sound, as_samples, at_level, level_of_db
from callmissed.domain.sound import SoundIn
from callmissed.kit.loudness import window_levels_db
from callmissed.voice.listening import LOOK_BACK_S, ListenedInput
from callmissed.voice.sound_background import Background
from callmissed.voice.sound_clipping import is_clipped, mend_peaks
from callmissed.voice.sound_level import TARGET_DB, LevelKeeper
from callmissed.voice.sound_played import PlayedSound
from tests.speech.recordings import RATE_HZ
from tests.voice.callers import load_words

FRAME = RATE_HZ // 50
WORDS = load_words()
PAUSE = np.random.default_rng(1).normal(0, 4, RATE_HZ)


class Recording(io.AudioInput):
    """Gives frames of 20 ms as fast as they are taken."""

    def __init__(self, sound: Sound) -> None:
        super().__init__(label="recording")
        pcm = as_samples(sound)
        pieces = [pcm[at : at + FRAME] for at in range(0, len(pcm) - FRAME + 1, FRAME)]
        self._frames = iter([rtc.AudioFrame(p.tobytes(), RATE_HZ, 1, FRAME) for p in pieces])

    async def __anext__(self) -> rtc.AudioFrame:
        for frame in self._frames:
            return frame
        raise StopAsyncIteration


class Playing:
    played_s = 0.0
    audible_at_s = silent_at_s = None


async def heard_of(
    sound: Sound, *, agent_speaks: bool = False, treatment: SoundIn | None = None
) -> tuple[ListenedInput, Sound]:
    """What the engine is given of it."""
    played = PlayedSound(Playing())
    if agent_speaks:
        played.add(rtc.AudioFrame(bytes(FRAME * 2), RATE_HZ, 1, FRAME))
    listened = ListenedInput(
        Recording(sound), _Ticks(), lambda _: None, played, treatment or SoundIn()
    )
    pieces = [np.frombuffer(frame.data, np.int16) async for frame in listened]
    return listened, np.concatenate(pieces).astype(np.float64)


class _Ticks:
    """A clock that goes on by a frame with each look."""

    def __init__(self) -> None:
        self._now_s = time.monotonic()

    def __call__(self) -> float:
        self._now_s += FRAME / RATE_HZ
        return self._now_s


def utterances(level_db: float, count: int = 3) -> Sound:
    pieces: Sequence[Sound] = [PAUSE, at_level(WORDS, level_db)] * count
    return np.concatenate([*pieces, PAUSE])


def test_a_sound_at_a_level_has_that_level() -> None:
    assert round(level_of_db(at_level(WORDS, -30.0)), 3) == -30.0


async def test_a_loud_and_clear_caller_is_passed_on_untouched() -> None:
    sound = utterances(-22.0)
    _, heard = await heard_of(sound)
    assert np.array_equal(heard, as_samples(sound)[: len(heard)])


async def test_every_caller_is_as_loud_as_the_next_after_their_first_words() -> None:
    last_s = int(len(WORDS) + RATE_HZ)
    levels_db = []
    for level_db in (-40.0, -30.0, -20.0, -10.0):
        _, heard = await heard_of(utterances(level_db))
        levels_db.append(level_of_db(heard[-last_s:-RATE_HZ]))
    assert max(levels_db) - min(levels_db) < 6.0, levels_db


def test_the_gain_does_not_change_within_a_word() -> None:
    keeper, background = LevelKeeper(), Background()
    gains = set()
    for start in range(0, len(WORDS) - FRAME, FRAME):
        levels_db = window_levels_db(at_level(WORDS, -40.0)[start : start + FRAME], RATE_HZ)
        keeper.note(np.maximum(levels_db, -45.0).tolist(), background.level_db)
        gains.add(keeper.gain_db)
    assert gains == {0.0}
    keeper.note([-90.0] * 30, background.level_db)
    assert keeper.gain_db > TARGET_DB + 40.0 - 8.0


def test_clipped_peaks_are_drawn_again() -> None:
    whole = 1.6 * 32767 * np.sin(np.arange(1600) * 2 * np.pi * 440 / RATE_HZ)
    cut = as_samples(whole)
    assert is_clipped(cut)
    mended = mend_peaks(cut, RATE_HZ)
    wrong = np.abs(mended - whole)[50:-50]
    assert wrong.max() < np.abs(cut - whole).max() / 2
    untouched = np.abs(cut.astype(np.int32)) < 32700
    assert np.array_equal(mended[untouched], cut[untouched])


@given(hnp.arrays(np.int16, st.integers(0, 400)))
def test_whatever_is_mended_stays_as_long_and_bounded(samples: np.ndarray) -> None:
    mended = mend_peaks(samples, RATE_HZ)
    assert len(mended) == len(samples)
    assert np.all(np.abs(mended) <= 4.01 * 32768)


async def test_a_caller_too_loud_for_their_microphone_is_given_room() -> None:
    _, heard = await heard_of(utterances(-8.0, count=1))
    assert is_clipped(as_samples(at_level(WORDS, -8.0)))
    assert not is_clipped(as_samples(heard))


async def test_a_room_is_not_made_louder() -> None:
    _, heard = await heard_of(np.tile(PAUSE, 5))
    assert level_of_db(heard) < -70.0


async def test_what_is_no_caller_is_silence_while_the_agent_speaks() -> None:
    _, heard = await heard_of(np.tile(PAUSE, 3), agent_speaks=True)
    assert not heard.any()


async def test_no_sound_of_a_caller_who_cuts_in_is_lost() -> None:
    sound = np.concatenate([PAUSE, at_level(WORDS, -22.0)])
    listened, heard = await heard_of(sound, agent_speaks=True)
    assert len(heard) == len(as_samples(sound)) // FRAME * FRAME
    began = len(PAUSE)
    assert np.array_equal(heard[began : began + RATE_HZ], as_samples(sound)[began:][:RATE_HZ])
    assert not heard[: began - int(LOOK_BACK_S * RATE_HZ)].any()
    assert listened.quiet_s() < 1.0


def test_the_background_is_what_is_left_where_nobody_speaks() -> None:
    background = Background()
    room = np.random.default_rng(5).normal(-50.0, 2.0, 100).tolist()
    speech = [-20.0] * 150
    for piece in (room, speech, room):
        background.add(piece)
    assert -54.0 < background.level_db < -48.0


async def test_a_bot_may_want_the_sound_as_it_came() -> None:
    sound = utterances(-40.0)
    _, heard = await heard_of(sound, agent_speaks=True, treatment=SoundIn(guard=False, level=False))
    assert np.array_equal(heard, as_samples(sound)[: len(heard)])


async def test_steady_noise_is_filtered_where_a_bot_wants_it() -> None:
    noise = at_level(np.random.default_rng(6).standard_normal(4 * RATE_HZ), -40.0)
    plain, filtered = [
        (await heard_of(noise, treatment=SoundIn(filter_noise=wanted)))[1]
        for wanted in (False, True)
    ]
    assert len(filtered) == len(plain)
    assert level_of_db(filtered[-RATE_HZ:]) < level_of_db(plain[-RATE_HZ:]) - 6.0
