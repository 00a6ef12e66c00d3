"""The caller's sound that no final words cover yet, kept to be recognised once more."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from livekit import rtc

REPLAY_S = 10.0
LEAD_S = 0.5
"""Speech begins about that long before anybody says so."""
IN_FLIGHT_S = 1.0
"""Final words that do not say where they end may be about sound as old as that."""
SEARCH_S = 0.4
ONSET_S = 0.2
"""The next speech may have begun that long ago, unnoticed."""
TAIL_S = 0.3
"""What is left of speech that short behind the last word is no word."""


@dataclass(slots=True)
class _Piece:
    frame: rtc.AudioFrame | None
    end_s: float


class UnheardAudio:
    """At most the last `keep_s` of a call's sound. Positions are seconds of it since its start.

    `doubtful_s` is how much of what is kept may already have become words. `is_cut_short` says
    that speech was older than that and is gone.
    """

    def __init__(self, keep_s: float = REPLAY_S) -> None:
        self._keep_s = keep_s
        self._pieces: deque[_Piece] = deque()
        self._speech_from_s: float | None = None
        self._speech_to_s: float | None = None
        self.position_s = 0.0
        self._doubtful_to_s = 0.0
        self.is_cut_short = False

    @property
    def doubtful_s(self) -> float:
        return max(0.0, self._doubtful_to_s - self.begins_s)

    @property
    def has_speech(self) -> bool:
        """Whether somebody was heard to speak since the last final words."""
        return self._speech_from_s is not None

    @property
    def begins_s(self) -> float:
        """Where the kept sound begins."""
        for piece in self._pieces:
            if piece.frame is not None:
                return piece.end_s - piece.frame.duration
        return self.position_s

    def add(self, frame: rtc.AudioFrame | None) -> None:
        """None stands where our voice detector says that the caller has paused."""
        if frame is not None:
            self.position_s += frame.duration
        self._pieces.append(_Piece(frame, self.position_s))
        self._drop(self.position_s - (self._keep_s if self.has_speech else LEAD_S))
        if self._speech_from_s is not None and self.begins_s > self._speech_from_s:
            self.is_cut_short = True

    def note_speech(self) -> None:
        """Somebody speaks, since a moment ago."""
        self._speech_to_s = None
        self.note_sound()

    def note_sound(self) -> None:
        """A recogniser says that somebody spoke."""
        if self._speech_from_s is None:
            self._speech_from_s = max(self.begins_s, self.position_s - LEAD_S)

    def note_silence(self, since_s: float) -> None:
        """Nobody has spoken for the last `since_s`."""
        self._speech_to_s = self.position_s - since_s

    def cover(self, until_s: float | None = None) -> None:
        """Final words came. `until_s` is where what they cover ends, None where nobody knows.

        Speech behind it stays to be heard.
        """
        speech_to_s = self._speech_to_s
        if until_s is not None:
            ends_s = min(until_s, self.position_s)
            if speech_to_s is None or speech_to_s > until_s + TAIL_S:
                self._forget(ends_s - ONSET_S, ends_s)
                self._speech_from_s = self.begins_s
            else:
                self._forget(ends_s)
        elif speech_to_s is not None:
            self.forget()
        else:
            self._forget(self._quietest_place(), self.position_s)
            self._speech_from_s = self.begins_s

    def forget(self) -> None:
        """There are no words in what was kept."""
        self._forget(self.position_s - ONSET_S)

    def __iter__(self) -> Iterator[rtc.AudioFrame | None]:
        """What is to be heard once more, in order, with the pauses."""
        for piece in self._pieces:
            yield piece.frame

    def _forget(self, until_s: float, doubtful_to_s: float = 0.0) -> None:
        self._drop(until_s)
        self._speech_from_s = None
        self._doubtful_to_s = doubtful_to_s
        self.is_cut_short = False

    def _drop(self, until_s: float) -> None:
        while self._pieces and self._pieces[0].end_s <= until_s + 1e-6:
            self._pieces.popleft()

    def _quietest_place(self) -> float:
        """Near the oldest sound that the words may not cover: a cut there parts no word."""
        oldest_s = self.position_s - IN_FLIGHT_S
        near = [
            (_power(piece.frame), piece.end_s)
            for piece in self._pieces
            if piece.frame is not None and oldest_s - SEARCH_S <= piece.end_s <= oldest_s
        ]
        return min(near)[1] if near else oldest_s


def _power(frame: rtc.AudioFrame) -> float:
    samples = np.frombuffer(frame.data, dtype=np.int16).astype(np.float32)
    return float(samples @ samples) / len(samples) if len(samples) else 0.0
