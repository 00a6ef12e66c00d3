"""Utterances said in tones, each to a recogniser that fails at a random moment."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from rapidfuzz.distance import Levenshtein

from callmissed.dev.vocabulary import ENGLISH
from tests.voice.ears import Failing, Hearing, Kind, ToneEars


@dataclass(frozen=True)
class Run:
    """One utterance: what was said, what was heard, and how it failed."""

    said: Sequence[str]
    heard: Sequence[str]
    kind: Kind
    after_s: float
    final_after_s: float | None
    was_lost: bool


def count_errors(run: Run) -> int:
    """Words lost, doubled or taken for others."""
    return Levenshtein.distance(run.said, run.heard)


async def hear_broken_utterances(count: int, seed: int) -> list[Run]:
    """Each in a call of its own, with pauses in it or not; the recogniser is told to fail between
    a second before the caller speaks and a second after.
    """
    dice = random.Random(seed)
    return [await _hear_one(dice) for _ in range(count)]


async def _hear_one(dice: random.Random) -> Run:
    said = dice.choices(ENGLISH, k=dice.randint(1, 16))
    pause_at = dice.randint(1, len(said))
    pause_s = dice.choice([0.0, 0.0, 0.35, 0.8])
    kind = dice.choice([kind for kind in get_args(Kind) if not kind.startswith("refuse")])
    after_s = dice.uniform(0.0, 2.0 + len(said) * 0.2 + pause_s)
    engine = ToneEars(
        [Failing(kind, after_s)],
        tells_partials=dice.random() < 0.6,
        is_flushed=dice.random() < 0.6,
        tells_ends=dice.random() < 0.5,
    )
    hearing = Hearing(engine)
    if pause_s and pause_at < len(said):
        await hearing.say(" ".join(said[:pause_at]), then_quiet_s=pause_s, before_s=1.0)
        await hearing.say(" ".join(said[pause_at:]), then_quiet_s=6.0, before_s=0.0)
    else:
        await hearing.say(" ".join(said), then_quiet_s=6.0, before_s=1.0)
    await hearing.aclose()
    finals = hearing.final_at_s
    return Run(
        said, hearing.words, kind, after_s, finals[-1] if finals else None, bool(hearing.lost)
    )
