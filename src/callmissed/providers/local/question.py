"""What a question is after: its words, and the kind of thing that would answer it."""

import re
from dataclasses import dataclass
from enum import Flag, auto

from callmissed.kit.english import WEEKDAYS
from callmissed.kit.lexical import Term, likeness, terms_of, words_of

PREVIOUS_WEIGHT = 0.5


class Kind(Flag):
    """What kind of thing is asked for, or is there in a sentence."""

    NOTHING = 0
    AMOUNT = auto()
    TIME = auto()
    PLACE = auto()
    PERSON = auto()
    DURATION = auto()


_ASKED = (
    (
        Kind.DURATION,
        re.compile(r"\bhow (long|soon|quick|quickly|fast|many (minutes|hours|days|weeks))\b"),
    ),
    (
        Kind.AMOUNT,
        re.compile(
            r"\bmuch\b|\b(cost|price|fee|charge|expensive)s?\b"
            r"|(?<!how do i )(?<!how can i )\bpay\b(?! (?:by|with|in|using|cash|online))"
        ),
    ),
    (
        Kind.TIME,
        re.compile(
            r"\bwhen\b|\bwhat (time|day|hour)s?\b|\bwhich days?\b|\bhow late\b|\bhours?\b|\bopen\b"
        ),
    ),
    (Kind.PLACE, re.compile(r"\bwhere\b|\baddress\b|\blocat(ed|ion)\b|\bdirections?\b")),
    (Kind.PERSON, re.compile(r"\bwho\b|\bwhich (doctor|person)\b|\bname of\b")),
)
_DAY_OR_HOUR = (
    r"(mon|tues|wednes|thurs|fri|satur|sun)days?|morning|noon|afternoon|evening|night|midnight"
    r"|o'clock|[ap]\.?m\.?|\d\d?[:.]\d\d|holidays?|every day|daily|weekends?|weekdays?"
)
_NUMBER = (
    r"(\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty"
    r"|forty|fifty|sixty|ninety|a|an|next)"
)
_GIVEN = (
    (
        Kind.AMOUNT,
        re.compile(
            r"[$₹€£]\s?\d|\b\d[\d,.]*\s?(rupees?|rs|dollars?|euros?|pounds?|cents?|percent)\b|%"
            r"|\b(rupees|dollars|euros|pounds)\b|\b(for free|free of charge|is free|are free)\b"
        ),
    ),
    (Kind.TIME, re.compile(rf"\b({_DAY_OR_HOUR})\b")),
    (
        Kind.PLACE,
        re.compile(
            r"\b(road|street|avenue|lane|square|floor|opposite|behind|beside|next to|near|nearest"
            r"|desk|entrance|building|station|address|is at|are at|located)\b"
        ),
    ),
    (Kind.PERSON, re.compile(r"\b(doctor|dr|mr|mrs|ms|miss|professor|founder|manager|owner)\b")),
    (
        Kind.DURATION,
        re.compile(rf"\b{_NUMBER} (working |business )?(second|minute|hour|day|week|month|year)"),
    ),
)
_KIND_WORDS = {
    Kind.AMOUNT: frozenset({"cost", "pric", "fee", "charg", "expens", "pay"}),
    Kind.TIME: frozenset({"time", "day", "hour", "lat"}),
    Kind.PLACE: frozenset({"address", "loc"}),
    Kind.DURATION: frozenset({"long", "soon", "quick", "quickly", "fast", "tak", "minut", "last"}),
}
_FOLLOW_UP = re.compile(r"^(and|but|or|what about|how about|what if|also|so)\b")
_POINTS_BACK = re.compile(r"\b(it|that|this|there|they|them|those|these|then|one)\b")


@dataclass(frozen=True, slots=True)
class Question:
    """`terms` in the order of the words, those of an earlier question lighter and last."""

    terms: tuple[Term, ...]
    kind: Kind


def read_question(words: str, previous: str = "") -> Question:
    """The question in the words; `previous` is what was asked before and helps out a follow-up."""
    own = terms_of(words)
    kind = asked_kind(words)
    if previous and needs_previous(words):
        kind = kind or asked_kind(previous)
        known = {term.stem for term in own}
        own_days = known & set(WEEKDAYS)
        own += [
            Term(term.stem, term.weight * PREVIOUS_WEIGHT)
            for term in terms_of(previous)
            if term.stem not in known and not (own_days and term.stem in WEEKDAYS)
        ]
    return Question(terms=tuple(_correct_kind_words(own, kind)), kind=kind)


def needs_previous(words: str) -> bool:
    """True for "and on Sunday?", "what about that?": too little to stand alone."""
    plain = " ".join(words_of(words))
    strong = [term for term in terms_of(words) if term.weight >= 1]
    if _FOLLOW_UP.search(plain):
        return len(strong) <= 3
    return (len(strong) <= 1 and bool(_POINTS_BACK.search(plain))) or not strong


def asked_kind(words: str) -> Kind:
    plain = " ".join(words_of(words))
    kind = Kind.NOTHING
    for candidate, pattern in _ASKED:
        if pattern.search(plain):
            kind |= candidate
    if Kind.DURATION in kind:
        kind &= ~Kind.TIME
    return kind


def given_kind(sentence: str) -> Kind:
    """What kinds of things a sentence tells."""
    plain = sentence.lower()
    kind = Kind.NOTHING
    for candidate, pattern in _GIVEN:
        if pattern.search(plain):
            kind |= candidate
    return kind


def kind_answers(kind: Kind, stem: str) -> bool:
    """True where a word of the question ("cost") is answered by a thing of this kind (an
    amount).
    """
    return any(stem in words for known, words in _KIND_WORDS.items() if known in kind)


def _correct_kind_words(terms: list[Term], kind: Kind) -> list[Term]:
    """A misheard "coast" after "how much" is the cost."""
    wanted = [word for known, words in _KIND_WORDS.items() if known in kind for word in words]
    return [
        Term(
            next((word for word in wanted if likeness(term.stem, word) >= 0.8), term.stem),
            term.weight,
        )
        for term in terms
    ]
