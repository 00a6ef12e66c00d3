"""What a faulted call says of itself, beside what was delivered, played and asked."""

from collections.abc import Iterable

from callmissed.dev.tones import heard_words
from callmissed.domain.turns import Turn
from callmissed.domain.usage import Measure, Usage
from tests.voice.faulted_calls import CallRun


def used(run: CallRun) -> dict[tuple[str, Measure], int]:
    """What the call says it used, but for sound heard and for what came from the cache."""
    assert run.end is not None
    return _by_kind(run.end.usage)


def agrees_with_ledger(run: CallRun) -> bool:
    """To the token and the character. A chat that is taken back before its first word counts from
    the moment at which its answer begins, which only the client knows.
    """
    counted = used(run)
    return counted.keys() <= run.delivered.keys() and all(
        amount - run.withdrawn.get(kind, 0) <= counted.get(kind, 0) <= amount
        for kind, amount in run.delivered.items()
    )


def used_in_turns(run: CallRun) -> dict[tuple[str, Measure], int]:
    """What its turns say."""
    return _by_kind(usage for turn in all_turns(run) for usage in turn.usage)


def all_turns(run: CallRun) -> list[Turn]:
    greeting = [run.greeting] if run.greeting else []
    return [*greeting, *(one.turn for one in run.turns)]


def is_remembered_as_heard(run: CallRun) -> bool:
    """True where the model was told, of each former answer, what was heard of it without fillers."""
    heard = [_without_fillers(turn) for turn in all_turns(run)]
    heard = [words for words in heard if words]
    asked_before = heard[: len(run.remembered)]
    return [" ".join(text.split()) for text in run.remembered] == asked_before


def said_words(turn: Turn) -> list[str]:
    """What the transcript says was heard, as tones can tell it."""
    return heard_words(turn.agent_response)


def _without_fillers(turn: Turn) -> str:
    words = turn.agent_response
    for filler in turn.trace.get("fillers", ()):
        words = words.replace(filler, "", 1)
    return " ".join(words.split())


def _by_kind(usages: Iterable[Usage]) -> dict[tuple[str, Measure], int]:
    sums: dict[tuple[str, Measure], int] = {}
    for usage in usages:
        if usage.measure not in (Measure.CACHED_CHARACTERS, Measure.AUDIO_MS) and usage.amount:
            key = (usage.model_id, usage.measure)
            sums[key] = sums.get(key, 0) + usage.amount
    return sums
