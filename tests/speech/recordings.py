"""Spoken questions about the sample document: which there are, how they sound, how they were made.

`python -m tests.speech.recordings` speaks them again with flite, as Ogg Opus, 16 kHz mono.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from callmissed.kit.pcm import Resampler

FOLDER = Path(__file__).parent
VOICES = ("rms", "awb", "kal")
HELD_OUT_VOICE = "rms"
RATE_HZ = 16_000
BIT_RATE = 28_000
EDGE_S = 0.2


@dataclass(frozen=True, slots=True)
class Spoken:
    """One question in one voice; each group of `facts` needs one of its forms in the answer."""

    group: str
    text: str
    facts: tuple[tuple[str, ...], ...]
    voice: str
    path: Path

    def is_told_by(self, answer: str) -> bool:
        plain = answer.lower()
        return all(any(form.lower() in plain for form in forms) for forms in self.facts)


def spoken_questions(group: str) -> list[Spoken]:
    """All recordings of a set: "main", "unknown" (three voices each) or "held_out" (one)."""
    return [spoken for spoken in _all_spoken() if spoken.group == group]


def _all_spoken() -> Iterator[Spoken]:
    counts: dict[str, int] = {}
    for item in tomllib.loads((FOLDER / "questions.toml").read_text())["questions"]:
        group = item["set"]
        counts[group] = counts.get(group, 0) + 1
        for voice in (HELD_OUT_VOICE,) if group == "held_out" else VOICES:
            path = FOLDER / f"{group}-{counts[group]:02d}-{voice}.ogg"
            facts = tuple(tuple(forms) for forms in item.get("facts", []))
            yield Spoken(group, item["text"], facts, voice, path)


def read_recording(path: Path) -> NDArray[np.int16]:
    """16 kHz mono."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        frames = [*container.decode(stream), None]
        pieces = [out.to_ndarray()[0] for frame in frames for out in resampler.resample(frame)]
    return np.concatenate(pieces)


def write_recording(path: Path, samples: NDArray[np.int16]) -> None:
    edge = np.zeros(int(RATE_HZ * EDGE_S), np.int16)
    framed = np.concatenate([edge, samples, edge])
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE_HZ, layout="mono")
        stream.bit_rate = BIT_RATE
        frame = av.AudioFrame.from_ndarray(framed.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def main() -> None:
    from callmissed.providers.local.flite import Flite

    flite = Flite()
    for spoken in _all_spoken():
        samples, rate_hz = flite.speak(spoken.text, spoken.voice)
        if rate_hz != RATE_HZ:
            samples = Resampler(rate_hz, RATE_HZ).push(samples)
        write_recording(spoken.path, samples)


if __name__ == "__main__":
    main()
