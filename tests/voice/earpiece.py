"""What the far end of a line in memory was played: words in tones, and the silences around them."""

from dataclasses import dataclass

import numpy as np

from callmissed.dev.tones import decode
from tests.voice.callers import Earpiece

AUDIBLE = 200


@dataclass(frozen=True)
class Played:
    """`dead_air_s` is from `from_s` to the first audible sample, `gap_s` the longest silence behind
    it; None where nothing was heard.
    """

    words: list[str]
    dead_air_s: float | None = None
    gap_s: float | None = None


def hear_played(earpiece: Earpiece, from_s: float, to_s: float) -> Played:
    """Of the sound that was handed over between these instants and not taken back."""
    rate_hz = earpiece.rate_hz
    pieces: list[np.ndarray] = []
    dead_air_s: float | None = None
    gap_s: float | None = None
    quiet_from_s = plays_until_s = from_s
    for handed_s, pcm in earpiece.handed:
        if not from_s <= handed_s <= to_s:
            continue
        starts_s = max(handed_s, plays_until_s)
        plays_until_s = starts_s + len(pcm) / rate_hz
        cleared_s = [at_s for at_s in earpiece.cleared_s if handed_s <= at_s < plays_until_s]
        if cleared_s:
            plays_until_s = max(starts_s, cleared_s[0])
            pcm = pcm[: int((plays_until_s - starts_s) * rate_hz)]
        pieces.append(pcm)
        loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > AUDIBLE)
        if not len(loud):
            continue
        silent_s = starts_s + loud[0] / rate_hz - quiet_from_s
        if dead_air_s is None:
            dead_air_s, gap_s = silent_s, 0.0
        else:
            gap_s = max(gap_s or 0.0, silent_s)
        quiet_from_s = starts_s + loud[-1] / rate_hz
    heard = decode(np.concatenate(pieces), rate_hz) if pieces else []
    return Played([one.word for one in heard], dead_air_s, gap_s)
