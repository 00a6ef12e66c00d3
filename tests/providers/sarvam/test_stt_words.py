"""From what a socket tells to speech events, with the sound beside it."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import stt
from numpy.typing import NDArray

from callmissed.providers.sarvam.stt_sound import SoundCutter, SoundLog
from callmissed.providers.sarvam.stt_wire import News, SpeechBegan, SpeechEnded, Words
from callmissed.providers.sarvam.stt_words import Dictation

RATE_HZ = 16_000
HISS_DB = -60.0


@dataclass
class Line:
    """A caller's sound in real time, by a clock that only moves with it."""

    now_s: float = 100.0
    noise_db: float = -90.0
    dice: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def __post_init__(self) -> None:
        self.log = SoundLog(RATE_HZ, lambda: self.now_s)
        self.dictation = Dictation(self.log, "en-IN", offset_s=10.0)

    def silence(self, duration_s: float) -> None:
        self._sound(duration_s, self.noise_db)

    def speech(self, duration_s: float, level_db: float = -25.0) -> None:
        self._sound(duration_s, level_db)

    def burst(self, duration_s: float) -> None:
        """A replay: all of it at once."""
        self.log.add(self._noise(duration_s, -25.0))

    def flush(self) -> list[stt.SpeechEvent]:
        return list(self.dictation.flush())

    def take(self, *told: News) -> list[stt.SpeechEvent]:
        return [
            event
            for news in told
            if isinstance(news, SpeechBegan | SpeechEnded | Words)
            for event in self.dictation.take(news)
        ]

    def _sound(self, duration_s: float, level_db: float) -> None:
        for _ in range(round(duration_s / 0.05)):
            self.now_s += 0.05
            self.log.add(self._noise(0.05, level_db))

    def _noise(self, duration_s: float, level_db: float) -> NDArray[np.int16]:
        count = int(RATE_HZ * duration_s)
        return (self.dice.normal(0, 32_768 * 10 ** (level_db / 20), count)).astype(np.int16)


def told(events: list[stt.SpeechEvent]) -> list[str]:
    """`final: text` for each."""
    return [
        event.type.value.split("_")[0]
        + (f": {event.alternatives[0].text}" if event.alternatives else "")
        for event in events
    ]


def partial(text: str) -> Words:
    return Words(text, False, "en-IN")


def final(text: str, language: str = "en-IN") -> Words:
    return Words(text, True, language, 0.9, "r1")


def spoken_line(duration_s: float = 1.0) -> Line:
    line = Line()
    line.silence(1.0)
    line.speech(duration_s)
    return line


def test_the_end_before_the_final() -> None:
    line = spoken_line()
    events = line.take(SpeechBegan(), SpeechEnded(), final("hello"))
    assert [event.type for event in events] == [
        stt.SpeechEventType.START_OF_SPEECH,
        stt.SpeechEventType.END_OF_SPEECH,
        stt.SpeechEventType.FINAL_TRANSCRIPT,
    ]


def test_the_final_before_the_end() -> None:
    line = spoken_line()
    events = line.take(SpeechBegan(), final("hello"), SpeechEnded())
    assert [event.type for event in events] == [
        stt.SpeechEventType.START_OF_SPEECH,
        stt.SpeechEventType.FINAL_TRANSCRIPT,
        stt.SpeechEventType.END_OF_SPEECH,
    ]


def test_a_final_alone_has_its_beginning_and_its_end() -> None:
    line = spoken_line()
    assert told(line.take(final("hello"))) == ["start", "final: hello", "end"]


def test_a_flush_ends_the_speech_with_its_final_once() -> None:
    line = spoken_line()
    events = line.take(SpeechBegan())
    line.silence(0.3)
    events += line.flush()
    events += line.take(final("hello"))
    line.silence(0.5)
    events += line.take(SpeechEnded())
    assert told(events) == ["start", "final: hello", "end"]


def test_speech_that_begins_again_before_its_end_was_told_has_an_end() -> None:
    line = spoken_line()
    events = line.take(SpeechBegan(), SpeechBegan(), final("hello"), SpeechEnded())
    assert told(events) == ["start", "end", "start", "final: hello", "end"]


def test_finals_that_come_behind_the_next_beginning_begin_nothing() -> None:
    line = spoken_line()
    events = line.take(SpeechBegan(), SpeechEnded(), SpeechBegan(), SpeechEnded())
    line.speech(0.5)
    events += line.take(final("one"), final("two"))
    assert told(events) == ["start", "end"] * 2 + ["final: one", "final: two"]


def test_a_final_carries_language_confidence_and_the_end_of_what_it_covers() -> None:
    line = spoken_line()
    line.take(SpeechBegan())
    line.silence(0.3)
    line.flush()
    line.speech(0.5)
    event, _ = line.take(final("नमस्ते", "hi-IN"))
    data = event.alternatives[0]
    assert (data.language, data.confidence, event.request_id) == ("hi-IN", 0.9, "r1")
    assert (data.start_time, data.end_time) == (pytest.approx(12.0), pytest.approx(12.3))


def test_a_final_covers_the_silence_behind_it() -> None:
    line = spoken_line()
    line.take(SpeechBegan())
    line.silence(0.5)
    line.take(SpeechEnded())
    line.silence(0.5)
    (event,) = line.take(final("hello"))
    assert event.alternatives[0].end_time == pytest.approx(13.0)


def test_an_end_that_the_server_told_lies_a_moment_before() -> None:
    line = spoken_line()
    line.take(SpeechBegan())
    line.silence(0.5)
    line.take(SpeechEnded())
    line.speech(0.5)
    (event,) = line.take(final("hello"))
    assert event.alternatives[0].end_time == pytest.approx(12.2)


def test_a_final_whose_end_nobody_knows_says_so() -> None:
    line = spoken_line()
    line.take(SpeechBegan())
    (event,) = line.take(final("hello"))
    assert event.alternatives[0].end_time == 0.0


def test_a_place_that_the_server_tells_is_believed_where_it_can_be() -> None:
    for told_s, place_s in ((1.9, 11.9), (0.5, 0.0), (7.0, 0.0)):
        line = spoken_line()
        line.take(SpeechBegan())
        (event,) = line.take(Words("hello", True, end_s=told_s))
        assert event.alternatives[0].end_time == pytest.approx(place_s)


def test_a_language_that_nobody_names_is_the_calls() -> None:
    line = spoken_line()
    event = line.take(Words("hello", True))[1]
    assert event.alternatives[0].language == "en-IN"
    assert event.alternatives[0].confidence == 1.0


def test_partials_tell_how_many_of_their_words_are_stable() -> None:
    line = spoken_line()
    events = line.take(partial("my"), partial("my name"), partial("My name is"), partial("my aim"))
    counts = [event.alternatives[0].metadata for event in events[1:]]
    assert counts == [{"stable_words": count} for count in (0, 1, 2, 1)]


def test_a_partial_that_comes_twice_is_good_enough_to_answer() -> None:
    line = spoken_line()
    events = line.take(partial("my name"), partial("My name."), partial("my name"))
    assert told(events) == ["start", "interim: my name", "preflight: My name."]


def test_a_partial_is_good_enough_to_answer_once_the_speech_is_over() -> None:
    for is_over in (Line.flush, lambda line: line.take(SpeechEnded())):
        line = spoken_line()
        line.take(SpeechBegan(), partial("my"), partial("my name"))
        assert told(is_over(line))[0] == "preflight: my name"


def test_a_partial_that_somebody_spoke_beyond_is_not_all_that_was_said() -> None:
    line = spoken_line()
    line.take(SpeechBegan(), partial("my name"))
    line.speech(0.5)
    line.silence(0.3)
    assert line.flush() == []


def test_the_same_words_are_told_early_once() -> None:
    line = spoken_line()
    line.take(SpeechBegan(), partial("my name"), partial("my name"))
    assert line.flush() == []
    assert told(line.take(SpeechEnded(), final("my name"))) == ["end", "final: my name"]


def test_a_final_that_is_only_written_differently_keeps_the_answer_that_was_begun() -> None:
    line = spoken_line()
    line.take(SpeechBegan(), partial("my name"), partial("my name"))
    data = line.take(final("My name."))[0].alternatives[0]
    assert (data.text, data.metadata) == ("my name", {"written": "My name."})


def test_a_final_with_other_words_replaces_what_was_told_early() -> None:
    line = spoken_line()
    line.take(SpeechBegan(), partial("my name"), partial("my name"))
    data = line.take(final("My aim."))[0].alternatives[0]
    assert (data.text, data.metadata) == ("My aim.", None)


@pytest.mark.parametrize("noise_db", [-96.0, HISS_DB, -45.0])
def test_words_made_up_over_silence_are_dropped(noise_db: float) -> None:
    line = Line(noise_db=noise_db)
    line.silence(3.0)
    assert line.take(partial("okay")) == []
    assert told(line.take(final("okay"))) == ["final: "]


def test_words_made_up_behind_real_ones_are_dropped() -> None:
    line = spoken_line()
    line.take(SpeechBegan())
    line.silence(0.3)
    line.flush()
    assert told(line.take(final("hello")))[0] == "final: hello"
    line.silence(1.0)
    events = line.take(SpeechEnded(), final("thank you"))
    assert "final: " in told(events)
    assert not any("thank you" in text for text in told(events))


def test_a_quiet_caller_is_heard_over_a_quiet_line() -> None:
    line = Line(noise_db=-75.0)
    line.silence(1.0)
    line.speech(0.4, level_db=-50.0)
    assert told(line.take(final("yes")))[1] == "final: yes"


def test_two_utterances_keep_their_words_where_the_first_final_comes_late() -> None:
    line = spoken_line()
    events = line.take(SpeechBegan())
    line.silence(0.4)
    events += line.take(SpeechEnded())
    line.speech(0.2)
    events += line.take(SpeechBegan())
    line.silence(0.4)
    events += line.take(SpeechEnded(), final("one"), final("two"))
    texts = [text for text in told(events) if text.startswith("final")]
    assert texts == ["final: one", "final: two"]


def test_a_short_word_right_behind_a_final_is_kept() -> None:
    line = spoken_line()
    line.take(SpeechBegan())
    line.silence(0.4)
    line.speech(0.15)
    line.take(SpeechEnded(), final("one"))
    line.silence(0.4)
    assert "final: two" in told(line.take(SpeechBegan(), SpeechEnded(), final("two")))


def test_words_are_kept_where_our_end_overtakes_the_servers() -> None:
    """The flush was on its way while the server still told of the utterance before it."""
    line = spoken_line(0.2)
    line.silence(0.3)
    line.speech(0.2)
    line.silence(0.25)
    events = line.flush()
    events += line.take(SpeechBegan(), SpeechEnded(), SpeechBegan(), final("one"), final("two"))
    finals = [event for event in events if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT]
    assert [event.alternatives[0].text for event in finals] == ["one", "two"]
    assert finals[0].alternatives[0].end_time == 0.0


def test_a_beginning_that_only_the_server_heard_is_not_believed() -> None:
    line = Line()
    line.silence(3.0)
    assert told(line.take(SpeechBegan(), SpeechEnded(), final("okay"))) == [
        "start",
        "end",
        "final: ",
    ]


def test_every_final_of_a_replay_is_kept() -> None:
    line = Line()
    line.burst(8.0)
    words = [final(text) for text in ("one", "two", "three")]
    events = line.take(SpeechBegan(), SpeechEnded(), *words)
    assert [text for text in told(events) if "final" in text] == [
        "final: one",
        "final: two",
        "final: three",
    ]


@pytest.mark.parametrize("length", [1, 79, 160, 800, 801, 5000])
def test_sound_is_cut_into_pieces_of_50_ms_and_nothing_is_lost(length: int) -> None:
    samples = np.arange(4999, dtype=np.int16)
    cutter = SoundCutter(RATE_HZ)
    pieces = []
    for start in range(0, len(samples), length):
        part = samples[start : start + length]
        frame = rtc.AudioFrame(part.tobytes(), RATE_HZ, 1, len(part))
        pieces += list(cutter.push(frame))
    assert all(len(piece) == 800 for piece in pieces)
    assert np.array_equal(np.concatenate([*pieces, cutter.rest()]), samples)
    assert len(cutter.rest()) == 0
