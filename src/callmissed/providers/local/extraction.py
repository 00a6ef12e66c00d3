"""Picks the one or two sentences of some passages that answer a question, or none."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from callmissed.domain.knowledge import Passage
from callmissed.kit.english import WEEKDAYS, days_in
from callmissed.kit.lexical import Term, best_likeness, stems_of
from callmissed.providers.local.question import (
    Kind,
    Question,
    given_kind,
    kind_answers,
)

LEAST_COVERAGE = 0.55
LEAST_SURE_LIKENESS = 0.55
LEAST_RARITY = 0.5
HEADING_WEIGHT = 0.85
NEIGHBOUR_WEIGHT = 0.4
UNSAID_COMMON_WEIGHT = 0.25
KIND_BONUS = 0.25
RANK_PENALTY = 0.02
SECOND_SENTENCE_SHARE = 0.85
MAX_ANSWER_CHARS = 220

_SENTENCE_END = re.compile(r"(?<=[.!?।॥])\s+(?=[^a-z])|\n+")
_ABBREVIATION = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|St|No|Rs|Prof|approx|etc)\.$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that could be said, with what is known of where it stands."""

    text: str
    passage: int
    position: int
    stems: frozenset[str]
    heading: frozenset[str]
    neighbours: frozenset[str]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Rarity:
    """`value` from `LEAST_RARITY` (in every sentence) to 1 (in none).

    Few passages are seen, all of them found by these very words: what is frequent here may be rare.
    """

    value: float
    is_said: bool


@dataclass(frozen=True, slots=True)
class Extract:
    """`coverage` is the share of the question's meaning that the sentence speaks of, 0 to 1."""

    sentence: Sentence
    coverage: float
    score: float


def extract_answer(question: Question, passages: Sequence[Passage]) -> str | None:
    """One or two sentences, word for word as they stand in the passages; None where nothing
    answers.
    """
    sentences = read_sentences(passages)
    rarity = _rarity_of_terms(question, sentences)
    ranked = sorted(
        (_judge(question, sentence, rarity) for sentence in sentences),
        key=lambda extract: (-extract.score, extract.sentence.passage, extract.sentence.position),
    )
    if not ranked or ranked[0].coverage < LEAST_COVERAGE:
        return None
    chosen = [ranked[0].sentence]
    second = _second(ranked, question)
    if second is not None:
        chosen.append(second)
        chosen.sort(key=lambda sentence: (sentence.passage, sentence.position))
    return " ".join(sentence.text for sentence in chosen)


def read_sentences(passages: Sequence[Passage]) -> list[Sentence]:
    """Every sentence, row and list item of the passages."""
    sentences: list[Sentence] = []
    for rank, passage in enumerate(passages):
        texts = split_sentences(passage.text)
        heading = frozenset(stems_of(passage.heading.rsplit("›", 1)[-1]))
        all_stems = frozenset(stems_of(passage.text))
        for position, text in enumerate(texts):
            sentences.append(
                Sentence(
                    text=text,
                    passage=rank,
                    position=position,
                    stems=frozenset(stems_of(text)) | days_in(text),
                    heading=heading,
                    neighbours=all_stems,
                    kind=given_kind(text),
                )
            )
    return sentences


def split_sentences(text: str) -> list[str]:
    """Sentences, rows and list items, each ending as a sentence does."""
    sentences: list[str] = []
    for part in _SENTENCE_END.split(text):
        plain = part.strip().strip("|*-• ").strip()
        if not plain:
            continue
        if sentences and _ABBREVIATION.search(sentences[-1]):
            sentences[-1] = f"{sentences[-1]} {plain}"
        else:
            sentences.append(plain)
    return [line if line[-1] in ".!?।॥:" else f"{line}." for line in sentences]


def _rarity_of_terms(question: Question, sentences: Sequence[Sentence]) -> dict[str, Rarity]:
    """How much each word of the question tells: more when fewer sentences hold it, most when
    none.
    """
    total = len(sentences)
    most = math.log(2 * total + 2)
    rarity: dict[str, Rarity] = {}
    for term in question.terms:
        near = [_likeness(question, term.stem, sentence) for sentence in sentences]
        holders = sum(1 for likeness in near if likeness > HEADING_WEIGHT)
        value = math.log(1 + (total - holders + 0.5) / (holders + 0.5)) / most
        is_said = max(near, default=0.0) >= LEAST_SURE_LIKENESS
        rarity[term.stem] = Rarity(
            LEAST_RARITY + (1 - LEAST_RARITY) * value if is_said else 1.0, is_said
        )
    return rarity


def _weight_of(term: Term, rarity: dict[str, Rarity]) -> float:
    """A word that anybody may use counts little where the passages do not use it."""
    found = rarity[term.stem]
    if term.weight < 1 and not found.is_said:
        return found.value * min(term.weight, UNSAID_COMMON_WEIGHT)
    return found.value * term.weight


def _likeness(question: Question, stem: str, sentence: Sentence) -> float:
    if kind_answers(question.kind & sentence.kind, stem):
        return 1.0
    if stem in WEEKDAYS or stem == "weekend":
        return 1.0 if stem in sentence.stems else 0.0
    own = best_likeness(stem, sentence.stems)
    if own >= HEADING_WEIGHT:
        return own
    return max(own, HEADING_WEIGHT * best_likeness(stem, sentence.heading))


def _judge(question: Question, sentence: Sentence, rarity: dict[str, Rarity]) -> Extract:
    wanted = covered = sure = 0.0
    for term in question.terms:
        weight = _weight_of(term, rarity)
        near = _likeness(question, term.stem, sentence)
        if near < LEAST_SURE_LIKENESS and term.stem in sentence.neighbours:
            near = max(near, NEIGHBOUR_WEIGHT)
        wanted += weight
        covered += weight * near
        if near >= LEAST_SURE_LIKENESS and term.weight >= 0.5:
            sure += near
    coverage = covered / wanted if wanted and sure else 0.0
    fits = bool(question.kind & sentence.kind)
    misses = Kind.AMOUNT in question.kind and Kind.AMOUNT not in sentence.kind
    score = coverage + (KIND_BONUS if fits else 0.0) - (KIND_BONUS if misses else 0.0)
    return Extract(sentence, coverage, score - RANK_PENALTY * sentence.passage)


def _second(ranked: Sequence[Extract], question: Question) -> Sentence | None:
    """Another sentence of the same passage that is nearly as good, while both are short."""
    best = ranked[0]
    for extract in ranked[1:4]:
        is_near = extract.score >= SECOND_SENTENCE_SHARE * best.score
        is_together = extract.sentence.passage == best.sentence.passage
        length = len(extract.sentence.text) + len(best.sentence.text)
        if is_near and is_together and length <= MAX_ANSWER_CHARS:
            return extract.sentence
    return None
