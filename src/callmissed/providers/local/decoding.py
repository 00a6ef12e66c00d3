"""The decoder's own process: pocketsphinx holds the GIL while it decodes, so nothing else may live
here.

Frames on stdin and stdout are one byte of kind, four bytes of length (big-endian), then the body.
In: `s` start an utterance (JSON: its `number`, the cepstral `means` of this speaker or nothing),
`a` 16 kHz mono PCM16, `e` its end. Out: `r` ready, `p` words so far (JSON: `number`, `text`), `f`
final words (and `means`). The process ends with its stdin.
"""

import contextlib
import json
import os
import re
import select
import struct
import sys
from typing import Any

from callmissed.kit.process import die_with_parent

RATE_HZ = 16_000
HEADER = struct.Struct(">cI")
START, AUDIO, END = b"s", b"a", b"e"
READY, PARTIAL, FINAL = b"r", b"p", b"f"

PARTIAL_EVERY_BYTES = RATE_HZ * 2 // 5
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
        self._bytes_since_partial = 0

    def start(self, number: int, means: str) -> None:
        """The means of another speaker must not colour this one's: they are set anew each time."""
        if self._is_open:
            self._decoder.end_utt()
        self._decoder.set_cmn(means or self._initial_means)
        self._decoder.start_stream()
        self._decoder.start_utt()
        self._is_open, self._number = True, number
        self._last_partial, self._bytes_since_partial = "", 0

    def hear(self, pcm: bytes) -> None:
        self._decoder.process_raw(pcm, False, False)
        self._bytes_since_partial += len(pcm)
        if self._bytes_since_partial >= PARTIAL_EVERY_BYTES and not _input_waits(0):
            self._bytes_since_partial = 0
            words = self._words()
            if words and words != self._last_partial:
                self._last_partial = words
                self._answer(PARTIAL, text=words)

    def end(self) -> None:
        self._is_open = False
        self._decoder.end_utt()
        self._answer(FINAL, text=self._words(), means=self._decoder.get_cmn(True))

    def _answer(self, kind: bytes, **body: str) -> None:
        _write(self._answers, kind, json.dumps({"number": self._number, **body}).encode())

    def _words(self) -> str:
        hypothesis = self._decoder.hyp()
        return " ".join(_FILLERS.sub(" ", hypothesis.hypstr).split()) if hypothesis else ""


def _open_decoder() -> Any:
    """One pass and its lattice: the flat second pass trebles the wait at the end and wins
    nothing measurable.
    """
    from pocketsphinx import Decoder, set_loglevel

    set_loglevel("FATAL")
    return Decoder(samprate=RATE_HZ, fwdflat=False, maxhmmpf=3000)


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
