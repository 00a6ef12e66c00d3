"""What a question looks for in an index that lies elsewhere: first which words to ask the index
about, then, knowing which of them it has, how much each of their forms is worth.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from callmissed.kit.concepts import SAME_ELSEWHERE
from callmissed.kit.english import SYNONYMS, WEAK_WORDS
from callmissed.kit.indic import is_indic, sound_key
from callmissed.kit.lexical import (
    MAX_QUERY_TERMS,
    Term,
    known_forms,
    misheard_forms,
    terms_of,
    words_of,
)

EARLIER_WEIGHT = 0.4
STRONG_WEIGHT = 0.8
MOST_FORMS = 6
MAX_TERMS = 14

_POINTS_BACK = re.compile(
    r"\b(it|its|that|this|those|these|them|they|he|she|his|her|there|same|one|what about|how about"
    r"|uska|uski|iska|iski|woh|wahan)\b|उसका|उसकी|इसका|इसकी|वहाँ|वहां|அதன்|அதற்கு|அங்கு"
)

# "a c t scan" is said of a CT scan.
_SPELLED_BEHIND_A = re.compile(r"\ba ((?:[a-z] )+[a-z])\b")


@dataclass(frozen=True, slots=True)
class Lookup:
    """The terms of a question; `words` are stems and `sounds` the sound keys to ask an index for."""

    terms: tuple[Term, ...]
    words: tuple[str, ...]
    sounds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One term as the index has it. `forms` are its words there with how much each is worth;
    `holders` is about how many entries have one of them.
    """

    forms: tuple[tuple[str, float], ...]
    holders: int


def look_up(question: str, earlier: Sequence[str] = ()) -> Lookup:
    """`earlier` is what the same person asked before, oldest first: it counts, less, where the
    question points back or says little by itself.
    """
    terms = {term.stem: term for term in terms_of(question)[:MAX_TERMS]}
    for letters in _SPELLED_BEHIND_A.findall(question.lower()):
        terms |= {term.stem: term for term in terms_of(letters.replace(" ", ""))}
    if points_back(question):
        for words in reversed(earlier[-2:]):
            for term in terms_of(words)[:MAX_TERMS]:
                terms.setdefault(term.stem, Term(term.stem, term.weight * EARLIER_WEIGHT))
    return _ask_for(list(terms.values())[:MAX_QUERY_TERMS], words_of(question))


def points_back(question: str) -> bool:
    """Whether the question may only be understood with the one before it."""
    strong = [term for term in terms_of(question) if term.weight >= STRONG_WEIGHT]
    named = [term for term in strong if term.stem not in WEAK_WORDS]
    return len(named) < 2 or bool(_POINTS_BACK.search(question.lower()))


def weigh(lookup: Lookup, holders: Mapping[str, int], entry_count: int) -> list[Wanted]:
    """`holders` says of each word that the index has how many entries hold it. The rarest first; what
    occurs in no form is left out.
    """
    by_sound: dict[str, list[str]] = {}
    for name in holders:
        by_sound.setdefault(sound_key(name), []).append(name)
    by_sound.pop("", None)
    wanted = []
    for term in lookup.terms:
        forms = known_forms(term.stem, holders)
        near = by_sound.get(sound_key(term.stem), ())
        if forms:
            near = [name for name in near if is_indic(name) != is_indic(term.stem)]
        forms += [form for form in misheard_forms(term.stem, near) if form not in forms]
        forms = sorted(forms, key=lambda form: -form[1])[:MOST_FORMS]
        if not forms:
            continue
        count = sum(holders[name] for name, _ in forms)
        rarity = math.log(1 + (entry_count + 0.5) / (count + 0.5))
        weighed = tuple((name, term.weight * nearness * rarity) for name, nearness in forms)
        wanted.append(Wanted(weighed, count))
    return sorted(wanted, key=lambda one: one.holders)


def _ask_for(terms: Sequence[Term], said: Sequence[str]) -> Lookup:
    words: dict[str, None] = {}
    sounds: dict[str, None] = {}
    for term in terms:
        words[term.stem] = None
        words |= dict.fromkeys(SYNONYMS.get(term.stem, ()))
        words |= dict.fromkeys(SAME_ELSEWHERE.get(term.stem, ()))
        sounds[sound_key(term.stem)] = None
    joined = [
        Term(f"{one}{other}", STRONG_WEIGHT)
        for one, other in pairwise(said)
        if len(one) + len(other) >= 6
    ]
    for term in joined:
        words[term.stem] = None
        sounds[sound_key(term.stem)] = None
    sounds.pop("", None)
    return Lookup((*terms, *joined), tuple(words), tuple(sounds))
