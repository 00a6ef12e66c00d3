"""The `options` of an embedding model's stanza in the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callmissed.providers.options import read_options

MAX_BATCH = 256


@dataclass(frozen=True, slots=True)
class EmbeddingOptions:
    """`path` is added to the base URL, `body` to the JSON of each request as it stands.
    `dimensions` is sent where it is set. The prefixes stand before each text, for models that were
    trained with them (`search_query: `). `batch` is how many passages one request holds.
    A passage that is less like the question than `least_similarity` (cosine) is not found.
    """

    path: str = "/embeddings"
    dimensions: int | None = None
    question_prefix: str = ""
    passage_prefix: str = ""
    batch: int = 64
    least_similarity: float = 0.3
    body: Mapping[str, Any] = field(default_factory=dict)


def read_embedding_options(options: Mapping[str, Any]) -> EmbeddingOptions:
    """Raises ValueError, naming the option, for one that is unknown or of the wrong type."""
    read = read_options(EmbeddingOptions, options)
    if not 1 <= read.batch <= MAX_BATCH:
        raise ValueError(f"the option 'batch': it is not from 1 to {MAX_BATCH}")
    return read
