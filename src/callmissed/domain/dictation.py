"""Whether a caller's words are whole, or say that more is coming: a number, an address or an e-mail
that is being dictated, a sentence that was broken off.

Words as recognisers write them: digits or number words, letters one by one, "at" and "dot";
English, Hindi in both scripts, and the digits of Tamil and Telugu.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from callmissed.domain.dictation_digits import digits_of, fold_words, is_dictated, is_repeat
from callmissed.domain.dictation_words import (
    AT_SIGNS,
    CONTINUING,
    CUES,
    DECLINING,
    DECLINING_FIRST,
    DOTS,
    HESITATIONS,
    LEAD_INS,
    LETTERS_THAT_ARE_WORDS,
    NUMBER_LENGTHS,
    OWN,
    REQUESTS,
    TOP_DOMAINS,
    YES_NO_STARTS,
    YES_NO_TAILS,
)

LEAST_RUN = 3
"""So many single digits or letters in a row are dictated, whoever asked for them."""
LEAST_NUMERAL_DIGITS = 5
"""A number written in one piece that is longer than a year or a time."""
MOST_DIGITS = 18
"""No number that people dictate is longer."""
NEAR_WORDS = 2

_MOBILE = re.compile(r"(?:0|91|0091)?[6-9]\d{9}")
_PIN_CODE = re.compile(r"[1-9]\d{5}")
_SENTENCE_END = re.compile(r"(?<=[.!?।॥])\s+")


class Field(StrEnum):
    """What a caller dictates."""

    EMAIL = "email"
    SPELLING = "spelling"
    NUMBER = "number"
    ADDRESS = "address"


class Ending(StrEnum):
    """How a caller's words end: `OPEN` in the middle of a sentence, `DICTATING` where the next
    part of a number, an address or a spelling may follow after a pause.
    """

    WHOLE = "whole"
    OPEN = "open"
    DICTATING = "dictating"


@dataclass(frozen=True, slots=True)
class Request:
    """What the agent asked the caller to dictate, and in which words."""

    field: Field
    words: tuple[str, ...]


def find_request(said: str) -> Request | None:
    """The last thing that the agent's words ask to be dictated. A question that yes or no would
    answer ("Is your number 98…?") asks for nothing of the kind.
    """
    for sentence in reversed(_SENTENCE_END.split(said.strip())):
        words = fold_words(sentence)
        is_question = sentence.endswith(("?", "؟"))
        if not words or not (is_question or _holds(words, REQUESTS)):
            continue
        if is_question and _asks_yes_or_no(words):
            return None
        field = next((field for field, cues in CUES.items() if _holds(words, cues)), None)
        if field is not None:
            return Request(Field(field), tuple(words))
    return None


def judge_ending(words: str, request: Request | None = None) -> Ending:
    """How the words of one turn so far end; `request` is what the agent had asked for."""
    parts = fold_words(words)
    while parts and parts[-1] in HESITATIONS:
        parts.pop()
    hesitates = len(parts) < len(fold_words(words))
    if parts and _is_dictating(parts, request):
        return Ending.DICTATING
    is_open = hesitates or bool(parts and parts[-1] in CONTINUING)
    return Ending.OPEN if is_open and not words.rstrip().endswith("?") else Ending.WHOLE


def _is_dictating(parts: Sequence[str], request: Request | None) -> bool:
    own = _own_field(parts)
    field = own or (request.field if request else None)
    if _declines(parts):
        return False
    if _is_email(parts, field):
        return not _ends_email(parts)
    context = [*(request.words if request and not own else ()), *parts]
    run = _trailing_run(parts)
    if field is Field.ADDRESS:
        return _PIN_CODE.fullmatch(digits_of(run)) is None
    if field is Field.NUMBER:
        return not _is_whole_number(run, context) if run else parts[-1] in LEAD_INS
    if field is Field.SPELLING:
        return bool(run) or parts[-1] in LEAD_INS
    return _is_long_run(run) and not _is_whole_number(run, context)


def _is_long_run(run: Sequence[str]) -> bool:
    singles = sum(len(digits_of([word])) <= 1 for word in run)
    longest = max((digits_of([word]) for word in run), key=len, default="")
    is_numeral = len(longest) >= LEAST_NUMERAL_DIGITS and not longest.endswith("000")
    return singles >= LEAST_RUN or is_numeral


def _is_email(parts: Sequence[str], field: Field | None) -> bool:
    if field is Field.EMAIL:
        return True
    has_at = any(part in AT_SIGNS for part in parts)
    has_dot = any(part in DOTS for part in parts)
    return (has_at and has_dot) or any("@" in part for part in parts)


def _ends_email(parts: Sequence[str]) -> bool:
    *before, domain = parts[-1].split(".")
    has_dot = bool(before) or (len(parts) > 1 and parts[-2] in DOTS)
    has_at = any(part in AT_SIGNS or "@" in part for part in parts)
    return domain in TOP_DOMAINS and has_dot and has_at


def _is_whole_number(run: Sequence[str], context: Sequence[str]) -> bool:
    """Whether as many digits were said as the number that is spoken of has."""
    digits = digits_of(run)
    for cues, length in NUMBER_LENGTHS:
        if _holds(context, cues):
            return len(digits) >= length
    return _MOBILE.fullmatch(digits) is not None or len(digits) > MOST_DIGITS


def _trailing_run(parts: Sequence[str]) -> list[str]:
    """The digits and single letters at the end, in order, without what was hummed between them."""
    run: list[str] = []
    for part in reversed(parts):
        if is_dictated(part):
            run.insert(0, part)
        elif part not in HESITATIONS:
            break
    while run and run[0] in LETTERS_THAT_ARE_WORDS:
        run.pop(0)
    return run if any(not is_repeat(part) for part in run) else []


def _own_field(parts: Sequence[str]) -> Field | None:
    """What the caller says they are about to dictate: `my number is`."""
    for field, cues in CUES.items():
        for place, part in enumerate(parts):
            if part not in cues:
                continue
            before = parts[max(0, place - NEAR_WORDS) : place]
            behind = parts[place + 1 : place + 1 + NEAR_WORDS]
            if any(word in OWN for word in before) or any(word in LEAD_INS for word in behind):
                return Field(field)
    return None


def _asks_yes_or_no(words: Sequence[str]) -> bool:
    starts = (words[0], " ".join(words[:2]))
    is_offer = starts[1] in ("can i", "may i", "could i") and not _holds(words, REQUESTS)
    return is_offer or starts[0] in YES_NO_STARTS or words[-1] in YES_NO_TAILS


def _declines(parts: Sequence[str]) -> bool:
    return parts[0] in DECLINING_FIRST or any(part in DECLINING for part in parts)


def _holds(parts: Sequence[str], cues: Collection[str]) -> bool:
    return any(part in cues for part in parts)
