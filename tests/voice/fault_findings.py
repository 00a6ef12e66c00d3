"""What a faulted call says of itself, beside what was delivered, played and asked."""

from collections.abc import Iterable, Mapping

from rapidfuzz.distance import Levenshtein

from callmissed.dev.tones import heard_words
from callmissed.domain.turns import Turn
from callmissed.domain.usage import Measure, Usage
from tests.voice.faulted_calls import CallRun, TurnRun

Amounts = dict[tuple[str, Measure], int]


def used(run: CallRun) -> Amounts:
    """What the call says it used, but for what came from the cache."""
    assert run.end is not None
    return _by_kind(run.end.usage)


def agrees_with_ledger(run: CallRun) -> bool:
    """To the token and the character. A chat that is taken back before its first word counts from
    the moment at which its answer begins, which only the client knows.
    """
    counted, delivered = _without_sound(used(run)), _without_sound(run.delivered)
    return counted.keys() <= delivered.keys() and all(
        amount - run.withdrawn.get(kind, 0) <= counted.get(kind, 0) <= amount
        for kind, amount in delivered.items()
    )


def used_in_turns(run: CallRun) -> Amounts:
    """What its turns say."""
    return _by_kind(usage for turn in all_turns(run) for usage in turn.usage)


def all_turns(run: CallRun) -> list[Turn]:
    greeting = [run.greeting] if run.greeting else []
    return [*greeting, *(turn for one in run.turns for turn in one.turns)]


def is_remembered_as_heard(run: CallRun) -> bool:
    """True where the model was told, of each former answer, what was heard of it without fillers."""
    heard = [
        _without_fillers(turn)
        for turn in all_turns(run)
        if turn.user_transcript or turn is run.greeting
    ]
    heard = [words for words in heard if words]
    asked_before = heard[: len(run.remembered)]
    return [" ".join(text.split()) for text in run.remembered] == asked_before


def said_words(turns: Iterable[Turn]) -> list[str]:
    """What the transcript says was heard of the agent, as tones can tell it."""
    return [word for turn in turns for word in heard_words(turn.agent_response)]


def wrong_words(turn: TurnRun) -> int:
    """How many of the caller's words were lost, doubled or taken for others."""
    return int(Levenshtein.distance(list(turn.said), turn.heard))


def _without_fillers(turn: Turn) -> str:
    words = turn.agent_response
    for filler in turn.trace.get("fillers", ()):
        words = words.replace(filler, "", 1)
    return " ".join(words.split())


def _without_sound(amounts: Mapping[tuple[str, Measure], int]) -> Amounts:
    return {kind: amount for kind, amount in amounts.items() if kind[1] is not Measure.AUDIO_MS}


def _by_kind(usages: Iterable[Usage]) -> Amounts:
    sums: Amounts = {}
    for usage in usages:
        if usage.measure is not Measure.CACHED_CHARACTERS and usage.amount:
            key = (usage.model_id, usage.measure)
            sums[key] = sums.get(key, 0) + usage.amount
    return sums
