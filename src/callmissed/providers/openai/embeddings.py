"""Embeddings over `POST /embeddings` (OpenAI API reference, "Create embeddings"): OpenAI, a vendor
of the same format, or a server of one's own, as Ollama, vLLM or text-embeddings-inference.

A model's options are `embedding_options.EmbeddingOptions`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from callmissed.domain.models import Access, Model
from callmissed.kit.directions import Direction, read_direction
from callmissed.providers.connections import CONNECT_TIMEOUT_S
from callmissed.providers.openai.chat_options import key_headers
from callmissed.providers.openai.embedding_options import read_embedding_options

QUESTION_TIMEOUT_S = 2.0
PASSAGES_TIMEOUT_S = 60.0
MAX_ANSWER_BYTES = 64 << 20
MAX_TEXT_CHARS = 8_000
PART_BYTES = 1 << 18

OK, REQUEST_TIMEOUT, TOO_MANY, SERVER_ERROR = 200, 408, 429, 500


class EmbeddingError(Exception):
    """The server gave no embeddings. The message holds none of its words: servers quote requests.
    `is_passing`: it may help to ask again later.
    """

    def __init__(self, message: str, *, is_passing: bool) -> None:
        super().__init__(message)
        self.message = message
        self.is_passing = is_passing


@dataclass(frozen=True, slots=True)
class Embedded:
    """One direction for each text, in their order, and how many tokens the server counted."""

    directions: tuple[Direction, ...]
    token_count: int


class Embedder:
    """One model as one tenant reaches it, over the connections of the process."""

    def __init__(self, model: Model, access: Access, session: aiohttp.ClientSession) -> None:
        self._model = model
        self._session = session
        self._options = read_embedding_options(model.options)
        self._url = access.provider.base_url.rstrip("/") + self._options.path
        self._headers = key_headers(access)

    @property
    def batch(self) -> int:
        """How many passages one request may hold."""
        return self._options.batch

    @property
    def least_similarity(self) -> float:
        return self._options.least_similarity

    async def embed_question(self, words: str) -> Embedded:
        """Raises EmbeddingError."""
        return await self._embed([self._options.question_prefix + words], QUESTION_TIMEOUT_S)

    async def embed_passages(self, texts: Sequence[str]) -> Embedded:
        """At most `batch` of them. Raises as `embed_question`."""
        prefix = self._options.passage_prefix
        return await self._embed([prefix + text for text in texts], PASSAGES_TIMEOUT_S)

    async def _embed(self, texts: Sequence[str], within_s: float) -> Embedded:
        body: dict[str, Any] = {
            "model": self._model.upstream,
            "input": [text[:MAX_TEXT_CHARS] for text in texts],
            "encoding_format": "float",
        }
        if self._options.dimensions is not None:
            body["dimensions"] = self._options.dimensions
        sent = json.dumps({**body, **self._options.body}, ensure_ascii=False)
        headers = {**self._headers, "Content-Type": "application/json"}
        timeout = aiohttp.ClientTimeout(total=within_s, sock_connect=CONNECT_TIMEOUT_S)
        try:
            async with self._session.post(
                self._url,
                data=sent.encode("utf-8", "replace"),
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            ) as answer:
                read = await _read_body(answer)
        except TimeoutError:
            raise EmbeddingError("The provider did not answer in time.", is_passing=True) from None
        except (aiohttp.ClientError, OSError) as error:
            message = f"The connection failed ({type(error).__name__})."
            raise EmbeddingError(message, is_passing=True) from None
        return _read_answer(read, len(texts))


async def _read_body(answer: aiohttp.ClientResponse) -> bytes:
    status = answer.status
    if status != OK:
        is_passing = status >= SERVER_ERROR or status in (REQUEST_TIMEOUT, TOO_MANY)
        raise EmbeddingError(f"The provider answered {status}.", is_passing=is_passing)
    body = bytearray()
    async for part in answer.content.iter_chunked(PART_BYTES):
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise EmbeddingError("The provider's answer is too long.", is_passing=False)
    return bytes(body)


def _read_answer(data: bytes, count: int) -> Embedded:
    try:
        document = json.loads(data)
        rows = sorted(document["data"], key=lambda row: row["index"])
        if [row["index"] for row in rows] != list(range(count)):
            raise ValueError("not one for each text")
        directions = tuple(read_direction(row["embedding"]) for row in rows)
        if len({len(one.values) for one in directions}) != 1:
            raise ValueError("not of one length")
        tokens = (document.get("usage") or {}).get("prompt_tokens", 0)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        message = "The provider's answer holds no embeddings."
        raise EmbeddingError(message, is_passing=True) from error
    return Embedded(directions, tokens if isinstance(tokens, int) else 0)
