"""When somebody speaks: a cheap voice gate that says which sound is worth decoding.

It serves the decoder's economy only; who has the floor is decided by the session's own voice
detector.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from pocketsphinx import Vad

RATE_HZ = 16_000
FRAME_S = 0.03
PRE_ROLL_FRAMES = 10
ONSET_FRAMES = 3
ONSET_WINDOW = 4
PAUSE_FRAMES = 5
HANG_FRAMES = 34


class Step(Enum):
    """What one frame changed."""

    STARTED = auto()
    PAUSED = auto()
    RESUMED = auto()
    ENDED = auto()


@dataclass(slots=True)
class SpeechGate:
    """Fed with 30 ms frames of 16 kHz PCM16; speech has `heard` sound to decode, silence has none.

    Starts when three of four frames hold speech, and gives the 300 ms before as well. Pauses after
    150 ms without speech (what comes then is kept, and given if speech resumes), ends after one
    second of it.
    """

    _vad: Vad = field(
        default_factory=lambda: Vad(mode=3, sample_rate=RATE_HZ, frame_length=FRAME_S)
    )
    _before: deque[bytes] = field(default_factory=lambda: deque(maxlen=PRE_ROLL_FRAMES))
    _votes: deque[bool] = field(default_factory=lambda: deque(maxlen=ONSET_WINDOW))
    _is_open: bool = False
    _silent_frames: int = 0
    _held: deque[bytes] = field(default_factory=lambda: deque(maxlen=PRE_ROLL_FRAMES))

    @property
    def frame_bytes(self) -> int:
        return int(self._vad.frame_bytes)

    @property
    def is_open(self) -> bool:
        """True from `STARTED` to `ENDED` or `close`, pauses included."""
        return self._is_open

    def push(self, frame: bytes) -> tuple[Step | None, bytes]:
        """What changed, and the sound that now is to be decoded (possibly none)."""
        is_speech = bool(self._vad.is_speech(frame))
        return (
            self._push_open(frame, is_speech)
            if self._is_open
            else self._push_closed(frame, is_speech)
        )

    def close(self) -> None:
        """The utterance is over, whatever the gate thinks."""
        self._is_open = False
        self._silent_frames = 0
        self._votes.clear()
        self._before.clear()
        self._before.extend(self._held)
        self._held.clear()

    def _push_closed(self, frame: bytes, is_speech: bool) -> tuple[Step | None, bytes]:
        self._before.append(frame)
        self._votes.append(is_speech)
        if sum(self._votes) < ONSET_FRAMES:
            return None, b""
        self._is_open, self._silent_frames = True, 0
        self._held.clear()
        return Step.STARTED, b"".join(self._before)

    def _push_open(self, frame: bytes, is_speech: bool) -> tuple[Step | None, bytes]:
        if is_speech:
            was_paused = self._silent_frames >= PAUSE_FRAMES
            sound = b"".join(self._held) + frame
            self._held.clear()
            self._silent_frames = 0
            return (Step.RESUMED if was_paused else None), sound
        self._silent_frames += 1
        if self._silent_frames < PAUSE_FRAMES:
            return None, frame
        if self._silent_frames == PAUSE_FRAMES:
            return Step.PAUSED, frame
        self._held.append(frame)
        if self._silent_frames >= HANG_FRAMES:
            self.close()
            return Step.ENDED, b""
        return None, b""
