"""Find the texts that share words with a question, also where a word was misheard."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from callmissed.kit.concepts import SAME_ELSEWHERE, in_english_days
from callmissed.kit.english import (
    COMMON_WORDS,
    STOP_WORDS,
    SYNONYMS,
    WEAK_WORDS,
    days_in,
    stem,
)
from callmissed.kit.indic import EMPTY_WORDS, is_indic, sound_key, sound_likeness, stem_indic

TITLE_WEIGHT = 2.5
SYNONYM_WEIGHT = 0.7
ELSEWHERE_WEIGHT = 0.9
BESIDE_WEIGHT = 0.45
MISHEARD_WEIGHT = 0.8
WEAK_WORD_WEIGHT = 0.35
COMMON_WORD_WEIGHT = 0.8
LEAST_FUZZY_CHARS = 4
MAX_QUERY_TERMS = 40
LENGTH_PENALTY = 0.5
SATURATION = 1.2

# `\w` knows no vowel signs: without the Indian blocks, less their two full stops, words fall apart.
_LETTERS = r"[^\W_]|[\u0300-\u036f\u0900-\u0963\u0966-\u0d7f\u200c\u200d]"
_WORD = re.compile(rf"(?:{_LETTERS})+(?:[.-](?:{_LETTERS})+)*")
_SPELLED = re.compile(
    r"(?<![\w.-])(?:(?:[a-z]\.? ){2,5}[a-z]\b|(?:[a-z]\.){2,6}|[b-hj-z]\.? (?=\w\w))"
)
_POSSESSIVE = re.compile(r"'s\b|(?<=s)'(?=\s)")
_SOUNDS = str.maketrans("cqkgjxszfvbpdtmnlrhwy", "kkkkksssffppttmmlr   ")


@dataclass(frozen=True, slots=True)
class Entry:
    """One text to be found; words of `title` weigh more than words of `body`. In a record the names
    of weekdays may be short.
    """

    title: str
    body: str
    is_record: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """`position` is the index of the entry; higher scores are better, within one search."""

    position: int
    score: float


@dataclass(frozen=True, slots=True)
class Term:
    """A word that is looked for, as its stem; `weight` is below 1 for words that say little."""

    stem: str
    weight: float


class LexicalIndex:
    """Built once over some entries, then searched; unchanging, safe to share between tasks."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._postings: dict[str, dict[int, float]] = {}
        self._sizes: list[float] = []
        for position, entry in enumerate(entries):
            counts = weigh_words(entry)
            for name, count in counts.items():
                self._postings.setdefault(name, {})[position] = count
            self._sizes.append(sum(counts.values()))
        self._mean_size = sum(self._sizes) / len(self._sizes) if self._sizes else 1.0
        self._by_sound: dict[str, list[str]] = {}
        for name in self._postings:
            for sound in {sound_of(name), sound_key(name)} - {""}:
                self._by_sound.setdefault(sound, []).append(name)
        self._long_names = [name for name in self._postings if len(name) >= LEAST_FUZZY_CHARS]

    def search(self, words: str, limit: int = 5) -> list[Hit]:
        """The best entries first; empty where no word of the question occurs, even misheard."""
        return self.search_terms(terms_of(words)[:MAX_QUERY_TERMS], limit)

    def search_terms(self, terms: Iterable[Term], limit: int = 5) -> list[Hit]:
        """As `search`, for terms that were chosen already."""
        scores: dict[int, float] = {}
        for term in terms:
            for position, score in self._score_term(term).items():
                scores[position] = scores.get(position, 0.0) + score
        best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:limit]
        return [Hit(position, score) for position, score in best]

    def _score_term(self, term: Term) -> dict[int, float]:
        """Each entry once, by the nearest form of the word that it holds."""
        scores: dict[int, float] = {}
        for name, nearness in self._forms_of(term.stem):
            holders = self._postings[name]
            rarity = math.log(1 + (len(self._sizes) - len(holders) + 0.5) / (len(holders) + 0.5))
            for position, count in holders.items():
                size = 1 - LENGTH_PENALTY + LENGTH_PENALTY * self._sizes[position] / self._mean_size
                gain = count * (SATURATION + 1) / (count + SATURATION * size)
                score = term.weight * nearness * rarity * gain
                scores[position] = max(scores.get(position, 0.0), score)
        return scores

    def _forms_of(self, wanted: str) -> list[tuple[str, float]]:
        forms = known_forms(wanted, self._postings)
        return forms or misheard_forms(wanted, self._near(wanted))

    def _near(self, wanted: str) -> set[str]:
        near = set(self._by_sound.get(sound_key(wanted), ()))
        if len(wanted) < LEAST_FUZZY_CHARS:
            return near
        near |= set(self._by_sound.get(sound_of(wanted), ()))
        return near | {
            found[0]
            for found in process.extract(
                wanted,
                self._long_names,
                scorer=Levenshtein.normalized_similarity,
                score_cutoff=0.7,
                limit=4,
            )
        }


def weigh_words(entry: Entry) -> dict[str, float]:
    """The stems of an entry, with how often each occurs; in the title it counts more, and of the
    weekdays in a span each counts.
    """
    counts: dict[str, float] = dict(Counter(stems_of(entry.body)))
    days = days_in(in_english_days(entry.body, short=entry.is_record))
    counts |= {day: counts.get(day, 1.0) for day in map(stem, days)}
    for name in stems_of(entry.title):
        counts[name] = counts.get(name, 0.0) + TITLE_WEIGHT
    return counts


def known_forms(wanted: str, known: Collection[str]) -> list[tuple[str, float]]:
    """The word and those that mean the same, where they are `known`, each with its weight."""
    forms = [(wanted, 1.0)] if wanted in known else []
    forms += [(other, SYNONYM_WEIGHT) for other in SYNONYMS.get(wanted, ()) if other in known]
    elsewhere = SAME_ELSEWHERE.get(wanted, frozenset())
    weight = BESIDE_WEIGHT if wanted in known else ELSEWHERE_WEIGHT
    return forms + [(other, weight) for other in elsewhere if other in known]


def misheard_forms(wanted: str, near: Iterable[str]) -> list[tuple[str, float]]:
    """Those of `near` that the word may have been misheard or written otherwise for."""
    likely = ((name, likeness(wanted, name)) for name in near)
    return [(name, MISHEARD_WEIGHT * value) for name, value in likely if value > 0]


def words_of(text: str) -> list[str]:
    """Lower-case words of any script; letters spelled one by one are one word (`x ray`, `m r
    i`).
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    plain = _POSSESSIVE.sub("", plain.replace("’", "'")).replace("'", "")
    plain = _SPELLED.sub(lambda letters: letters[0].replace(".", "").replace(" ", ""), plain)
    return _WORD.findall(plain)


def stems_of(text: str) -> list[str]:
    """The stems of a text's meaningful words; a word with a hyphen also counts as its parts."""
    stems: list[str] = []
    for word in words_of(text):
        joined = re.sub(r"[-.]", "", word)
        parts = [part for part in re.split(r"[-.]", word) if len(part) > 1]
        for part in dict.fromkeys([joined, *parts]):
            if part not in STOP_WORDS and part not in EMPTY_WORDS:
                stems.append(stem_of(part))
    return stems


@lru_cache(maxsize=50_000)
def stem_of(word: str) -> str:
    """The word without its ending, in whatever language we know endings of."""
    return stem_indic(word) if is_indic(word) else stem(word)


def terms_of(question: str) -> list[Term]:
    """What a question looks for: each meaningful word once, in their order."""
    terms: dict[str, Term] = {}
    for word in words_of(question):
        joined = re.sub(r"[-.]", "", word)
        name = stem_of(joined)
        if {joined, name} & STOP_WORDS or joined in EMPTY_WORDS:
            continue
        terms.setdefault(name, Term(name, _weight_of(joined, name)))
    return list(terms.values())


def _weight_of(word: str, name: str) -> float:
    if word in WEAK_WORDS or name in WEAK_WORDS:
        return WEAK_WORD_WEIGHT
    return COMMON_WORD_WEIGHT if word in COMMON_WORDS or name in COMMON_WORDS else 1.0


@lru_cache(maxsize=20_000)
def likeness(one: str, other: str) -> float:
    """1 for the same word, less for one that may have been misheard for the other, else 0."""
    if one == other:
        return 1.0
    if is_indic(one) or is_indic(other):
        return sound_likeness(one, other)
    shorter = min(len(one), len(other))
    if shorter < LEAST_FUZZY_CHARS:
        return 0.0
    spelled = Levenshtein.normalized_similarity(one, other)
    sounds_same = one.isascii() and sound_of(one) == sound_of(other)
    if sounds_same and spelled >= 0.6:
        return max(0.8, spelled)
    return spelled if spelled >= (0.8 if shorter < 6 else 0.75) else 0.0


def sound_of(word: str) -> str:
    """The consonants by their family, in order: words that sound alike have the same."""
    if not word.isascii():
        return word
    simple = word.replace("ph", "f").replace("gh", "").replace("ck", "k")
    head = "a" if simple[:1] in "aeiou" else ""
    rest = re.sub(r"[aeiou\s]", "", simple.translate(_SOUNDS))
    return head + re.sub(r"(.)\1+", r"\1", rest)


def best_likeness(wanted: str, names: Iterable[str]) -> float:
    """How near the nearest of the stems comes: same word, then synonym, then misheard."""
    pool = names if isinstance(names, frozenset | set | dict) else frozenset(names)
    if wanted in pool:
        return 1.0
    if any(other in pool for other in SYNONYMS.get(wanted, ())):
        return SYNONYM_WEIGHT
    return MISHEARD_WEIGHT * max((likeness(wanted, name) for name in pool), default=0.0)
