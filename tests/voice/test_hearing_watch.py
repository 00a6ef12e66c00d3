"""When a recogniser owes words for what was said."""

from callmissed.voice.hearing_watch import NOTICED_LATE_S, SpeechWatch


def watch_of(*, final_s: float | None) -> SpeechWatch:
    """Of speech from 10 s, whose end at 12 s is noticed a quarter of a second later."""
    watch = SpeechWatch()
    watch.connect(5.0)
    watch.begin(10.0)
    watch.end(12.25, 0.25, final_s)
    return watch


def test_words_that_come_after_the_end_are_waited_for() -> None:
    watch = watch_of(final_s=None)
    assert watch.is_waiting
    assert watch.deadline_s(tells_partials=True, final_s=None) == 14.0


def test_words_that_come_before_the_detector_notices_the_end_are_all_there_is() -> None:
    """A quick recogniser is done while the detector still takes the last sound's fading for speech."""
    watch = watch_of(final_s=12.0 - NOTICED_LATE_S / 2)
    assert not watch.is_waiting
    assert watch.deadline_s(tells_partials=True, final_s=None) is None


def test_words_of_a_pause_before_do_not_count_for_what_was_said_since() -> None:
    assert watch_of(final_s=11.5).is_waiting
