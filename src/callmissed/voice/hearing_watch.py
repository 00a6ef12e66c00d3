"""Knows when a speech recogniser has been silent for too long about somebody who spoke."""

from dataclasses import dataclass

from callmissed.voice.hearing_order import Leave

FINAL_TIMEOUT_S = 2.0
"""From the end of speech, or the last word before it, to the final words."""
REPLAY_TIMEOUT_S = 1.5
"""The same for a recogniser that is given sound once more: it hears it faster than it was said."""
FIRST_WORD_TIMEOUT_S = 2.0
"""Of speech, in which a recogniser that tells words as they come tells none."""
OUT_TIMEOUT_S = 1.2
"""From the end of speech until the caller is told that nobody can hear them."""
SETTLED_S = 1.0
"""A connection that lives so long may hear the caller after all."""
LATE_S = 1.8
"""From the end of speech that holds words until the caller is asked to wait for them."""
NOTICED_LATE_S = 0.1
"""Our voice detector takes that much of the silence behind a word for speech."""
LEAST_SPEECH_S = 0.8
"""Shorter sounds may be no words at all: nothing is told of them."""
CLEAR_SPEECH_S = 0.6
"""Of a sound that long one recogniser's word that it was none is not enough."""


@dataclass(slots=True)
class SpeechWatch:
    """One stretch of speech at a time. Instants are seconds of one clock.

    Speech that ended waits for its final words until they come or somebody gives it up.
    `silences` counts the recognisers that had nothing to say about it; `was_doubted`: one said that
    there was nothing in it, and another was asked.
    """

    began_s: float | None = None
    ended_s: float | None = None
    connected_s: float | None = None
    last_event_s: float | None = None
    last_words_s: float | None = None
    silences: int = 0
    was_told: bool = False
    was_late: bool = False
    was_doubted: bool = False

    @property
    def is_speaking(self) -> bool:
        return self.began_s is not None and self.ended_s is None

    @property
    def is_waiting(self) -> bool:
        return self.ended_s is not None

    @property
    def is_long(self) -> bool:
        """What ended was more than a cough."""
        if self.began_s is None or self.ended_s is None:
            return False
        return self.ended_s - self.began_s >= LEAST_SPEECH_S

    def begin(self, now_s: float) -> None:
        if self.began_s is None:
            self.began_s = now_s
            self.silences = 0
            self.last_event_s = None
        self.was_told = self.was_late = self.was_doubted = False
        self.ended_s = None

    def end(self, now_s: float, silent_for_s: float, final_s: float | None) -> None:
        """The caller paused `silent_for_s` ago; `final_s` is when final words came last."""
        self.ended_s = now_s - silent_for_s
        is_told = final_s is not None and final_s >= self.ended_s - NOTICED_LATE_S
        if self.began_s is None or is_told:
            self.settle()

    def connect(self, now_s: float) -> None:
        """A recogniser begins to hear it, all of it."""
        self.connected_s = now_s
        self.last_event_s = self.last_words_s = None

    def is_settled(self, now_s: float) -> bool:
        """Whether a connection has lived long enough to be believed in."""
        return self.connected_s is not None and now_s - self.connected_s >= SETTLED_S

    def doubt(self, recognisers: int) -> Leave | None:
        """A recogniser found no words in what ended. Where that was clearly speech another one is
        asked, once; where that finds none either, the first listens on.
        """
        if self.was_doubted:
            return Leave.GIVEN_UP
        if self.began_s is None or self.ended_s is None or self.silences or recognisers == 1:
            return None
        self.was_doubted = self.ended_s - self.began_s >= CLEAR_SPEECH_S
        return Leave.SILENT if self.was_doubted else None

    def settle(self) -> None:
        """Its words are there, or will never come."""
        if self.is_waiting:
            self.began_s = self.ended_s = None
        self.silences = 0
        self.was_doubted = False

    def deadline_s(self, *, tells_partials: bool, final_s: float | None) -> float | None:
        """When the recogniser counts as deaf; None while nothing is expected of it. `final_s` is
        how long it may take by its own account.
        """
        if self.connected_s is None or self.began_s is None:
            return None
        if self.ended_s is not None:
            is_replay = self.connected_s > self.ended_s
            limit_s = final_s or (REPLAY_TIMEOUT_S if is_replay else FINAL_TIMEOUT_S)
            since_s = max(self.ended_s, self.connected_s)
            heard_s = max(since_s, self.last_words_s or since_s)
            return min(heard_s + limit_s, since_s + 2 * limit_s)
        if tells_partials and self.last_event_s is None and not self.silences:
            return max(self.began_s, self.connected_s) + FIRST_WORD_TIMEOUT_S
        return None

    def told_at_s(self) -> float | None:
        """When the caller is to be told, where no recogniser works; None where they were."""
        if self.ended_s is None or self.was_told:
            return None
        return self.ended_s + OUT_TIMEOUT_S

    def late_at_s(self) -> float | None:
        """When the caller is to be asked to wait; None where they were, or are told more."""
        if self.ended_s is None or self.was_told or self.was_late:
            return None
        return self.ended_s + LATE_S
