"""The decoder's own process, because pocketsphinx holds the GIL while it decodes.

Frames on stdin and stdout are one byte of kind, four bytes of length (big-endian), then the body.
In: `s` start an utterance (JSON: its `number`, the cepstral `means` of this speaker or nothing),
`a` 16 kHz mono PCM16, `e` its end. Out: `r` ready; after each fifth of a second of sound `g` (going
on) or `p` (words so far; JSON: `number`, `text`); `f` the end (JSON: `number`, `means`, and
`heard`, the likeliest readings with how much less likely than the first each is, as a logarithm).
The process ends with its stdin.
"""

import contextlib
import itertools
import json
import math
import os
import re
import select
import struct
import sys
import time
from typing import Any

from callmissed.kit.process import die_with_parent

RATE_HZ = 16_000
HEADER = struct.Struct(">cI")
START, AUDIO, END = b"s", b"a", b"e"
READY, GOING_ON, PARTIAL, FINAL = b"r", b"g", b"p", b"f"

# Where a stranger's voice is expected to lie, between the model's own guess and measured voices: a
# fifth fewer wrong words in the first utterance than with the guess alone.
FIRST_MEANS = "42,0,-1,7,0,-1,0,-4,-3,-2,0,0,0"
STEP_BYTES = RATE_HZ * 2 // 5
MAX_READINGS = 60
MAX_READINGS_S = 0.02
_FILLERS = re.compile(r"<[^>]*>|\[[^\]]*\]|\+\+[^+]*\+\+|\(\d+\)")


def decode_until_parent_ends(parent_pid: int) -> None:
    """Reads frames from stdin and answers on stdout until stdin ends."""
    die_with_parent(parent_pid)
    answers = os.dup(1)
    os.dup2(2, 1)
    decoder = _open_decoder()
    initial_means = decoder.get_cmn(False)
    _write(answers, READY, b"")
    utterance = _Utterance(decoder, answers, initial_means)
    while frame := _read_frame(0):
        kind, body = frame
        if kind == START:
            utterance.start(**json.loads(body))
        elif kind == AUDIO:
            utterance.hear(body)
        elif kind == END:
            utterance.end()


class _Utterance:
    """What one caller says between two pauses, on the process's only decoder."""

    def __init__(self, decoder: Any, answers: int, initial_means: str) -> None:
        self._decoder = decoder
        self._answers = answers
        self._initial_means = initial_means
        self._is_open = False
        self._number = 0
        self._last_partial = ""
        self._untold_bytes = 0

    def start(self, number: int, means: str) -> None:
        """The means of another speaker must not colour this one's: they are set anew each time."""
        if self._is_open:
            self._decoder.end_utt()
        self._decoder.set_cmn(means or self._initial_means)
        self._decoder.start_utt()
        self._is_open, self._number = True, number
        self._last_partial, self._untold_bytes = "", 0

    def hear(self, pcm: bytes) -> None:
        for start in range(0, len(pcm), STEP_BYTES):
            piece = pcm[start : start + STEP_BYTES]
            self._decoder.process_raw(piece, False, False)
            self._untold_bytes += len(piece)
            if self._untold_bytes >= STEP_BYTES:
                self._tell_step(is_behind=start + STEP_BYTES < len(pcm) or _input_waits(0))

    def _tell_step(self, *, is_behind: bool) -> None:
        """Words so far cost time, so they are told only when nothing waits to be heard."""
        if is_behind:
            _write(self._answers, GOING_ON, b"")
            return
        self._untold_bytes = 0
        words = self._words()
        if words and words != self._last_partial:
            self._last_partial = words
            self._answer(PARTIAL, text=words)

    def end(self) -> None:
        self._is_open = False
        self._decoder.end_utt()
        self._answer(FINAL, heard=self._readings(), means=self._decoder.get_cmn(True))

    def _readings(self) -> list[tuple[str, float]]:
        first = self._words()
        if not first:
            return []
        until_s = time.monotonic() + MAX_READINGS_S
        found: dict[str, float] = {}
        for other in itertools.islice(self._decoder.nbest(), MAX_READINGS):
            text = _plain(other.hypstr) if other else ""
            if text and other.score > 0:
                found[text] = max(found.get(text, -math.inf), math.log(other.score))
            if time.monotonic() > until_s:
                break
        most = max(found.values(), default=0.0)
        found[first] = most
        ranked = sorted(found.items(), key=lambda item: (item[0] != first, -item[1]))
        return [(text, round(value - most, 4)) for text, value in ranked]

    def _answer(self, kind: bytes, **body: Any) -> None:
        _write(self._answers, kind, json.dumps({"number": self._number, **body}).encode())

    def _words(self) -> str:
        hypothesis = self._decoder.hyp()
        return _plain(hypothesis.hypstr) if hypothesis else ""


def _plain(hypothesis: str) -> str:
    return " ".join(_FILLERS.sub(" ", hypothesis).split())


def _open_decoder() -> Any:
    """One pass and its lattice: the flat second pass trebles the wait at the end and wins
    nothing measurable.
    """
    from pocketsphinx import Decoder, set_loglevel

    set_loglevel("FATAL")
    return Decoder(samprate=RATE_HZ, fwdflat=False, maxhmmpf=3000, cmninit=FIRST_MEANS)


def _input_waits(fd: int) -> bool:
    return bool(select.select([fd], [], [], 0)[0])


def _read_frame(fd: int) -> tuple[bytes, bytes] | None:
    head = _read_exactly(fd, HEADER.size)
    if head is None:
        return None
    kind, length = HEADER.unpack(head)
    body = _read_exactly(fd, length)
    return None if body is None else (kind, body)


def _read_exactly(fd: int, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        piece = os.read(fd, size - len(data))
        if not piece:
            return None
        data += piece
    return bytes(data)


def _write(fd: int, kind: bytes, body: bytes) -> None:
    data = memoryview(HEADER.pack(kind, len(body)) + body)
    while data:
        data = data[os.write(fd, data) :]


if __name__ == "__main__":
    import signal

    # Ctrl-C goes to the whole group: the parent decides when its decoders end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError):
        decode_until_parent_ends(int(sys.argv[1]))
