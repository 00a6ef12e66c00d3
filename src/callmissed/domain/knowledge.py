"""Knowledge: bases of documents, the passages they are cut into, and what is found in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from callmissed.domain.models import Access, Model
from callmissed.domain.usage import Usage

MAX_FILE_BYTES = 25 * 1024 * 1024
MAX_TEXT_CHARS = 500_000
MAX_BASES = 1000
MAX_DOCUMENTS = 5000
WHOLE_CHARS = 40_000
"""Up to here a call takes all passages of its bot along."""
PROMPT_CHARS = 6_000
"""Up to here they also stand whole in the prompt, where models that cache read them once."""

MOST_ROWS = 12
MOST_ROW_CHARS = 1500
SAME_WORTH = 0.85

NOT_IN_TIME = "not_in_time"
NOT_REACHED = "not_reached"


class Origin(StrEnum):
    """Where a document's bytes came from."""

    UPLOAD = "upload"
    TEXT = "text"
    URL = "url"


class DocumentState(StrEnum):
    """Of the newest version; the one before it is found until that one is indexed."""

    WAITING = "waiting"
    READING = "reading"
    INDEXED = "indexed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """`chars` are those of its passages, headings included. Where there is an `embedding_model`,
    passages are also found by what they mean: `vector_count` of them so far.
    """

    id: UUID
    name: str
    created_at: datetime
    document_count: int
    passage_count: int
    chars: int
    embedding_model: str | None
    vector_count: int


@dataclass(frozen=True, slots=True)
class Document:
    """`version` is the newest that was given, `published_version` the one that is found, None where
    there is none yet. `error` says why the newest could not be read, `embedding_error` why the one
    that is found is not found by its meaning.
    """

    id: UUID
    knowledge_base_id: UUID
    name: str
    media_type: str
    origin: Origin
    url: str | None
    state: DocumentState
    version: int
    published_version: int | None
    progress_percent: int
    attempts: int
    error: str | None
    size_bytes: int
    passage_count: int
    chars: int
    created_at: datetime
    updated_at: datetime
    vector_count: int
    embedding_error: str | None


@dataclass(frozen=True, slots=True)
class Passage:
    """`heading` is the path of headings above the text, joined by " › ". `page` and `row` count from
    1; a row of a structured document has its cells by the names of their columns in `record`.
    """

    document: str
    heading: str
    text: str
    page: int | None = None
    row: int | None = None
    record: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A passage with its score; higher is better, comparable only within one answer. `why` are the
    words that led to it, as the document has them; `similarity` is how like the question its meaning
    is (cosine), None where it was found by words alone.
    """

    passage: Passage
    score: float
    why: tuple[str, ...] = ()
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What was found for one turn, best first, and how long that took in ms.

    `missed` says why the documents could not be looked into; then nothing was found.
    `partly_missed` says why they were looked into by words alone (`meaning_not_in_time`), or by
    meaning alone (`words_not_reached`). `usage` is what embedding models delivered for it.
    """

    found: tuple[Found, ...]
    took_ms: float
    missed: str | None = None
    partly_missed: str | None = None
    usage: tuple[Usage, ...] = ()


@dataclass(frozen=True, slots=True)
class Semantics:
    """Bases whose passages are also found by what they mean, with the model and the way to it."""

    model: Model
    access: Access
    base_ids: tuple[UUID, ...]


def join_rows(found: Sequence[Found]) -> list[Found]:
    """Rows of one table that answer about as well as the best of them stand together in its place:
    a question may ask for all of them.
    """
    joined: list[Found] = []
    taken: set[int] = set()
    for number, one in enumerate(found):
        if number in taken:
            continue
        rows = [
            other
            for other in range(number + 1, len(found))
            if other not in taken and _goes_with(one, found[other])
        ]
        lines = [one.passage.text]
        for other in rows[: MOST_ROWS - 1]:
            if sum(map(len, lines)) + len(found[other].passage.text) <= MOST_ROW_CHARS:
                lines.append(found[other].passage.text)
                taken.add(other)
        whole = replace(one.passage, text="\n".join(lines)) if len(lines) > 1 else one.passage
        joined.append(replace(one, passage=whole))
    return joined


def _goes_with(one: Found, other: Found) -> bool:
    first, second = one.passage, other.passage
    are_rows = first.record is not None and second.record is not None
    same_table = (first.document, first.heading) == (second.document, second.heading)
    return are_rows and same_table and other.score >= SAME_WORTH * one.score
