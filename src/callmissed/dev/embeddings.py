"""OpenAI's embeddings endpoint, `/embeddings` (platform.openai.com/docs/api-reference/embeddings).

A text's vector is the sum of fixed random ones of its words' parts, so that texts with words in common,
or with words that share a part (`refund`, `refunded`), are alike and others are not.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from callmissed.dev.chat_vendors import NO_KEY, bearer_of
from callmissed.dev.errors import Refused, Worded, answer_refusal, openai_error
from callmissed.dev.sarvam_common import Handler
from callmissed.dev.streams import answer_json
from callmissed.dev.uses import open_use

DIMENSIONS, MAX_DIMENSIONS = 256, 1024
MAX_INPUTS = 2048
SHORT_CHARS, SHORT_WEIGHT = 3, 0.2
PART_CHARS = (3, 4, 5)

Vector = NDArray[np.float32]


def routes(
    base: str, place: str, word_error: Callable[[Refused], Worded] = openai_error
) -> list[web.RouteDef]:
    """`base` is the path of the vendor's base URL, `place` the ledger's name for the vendor."""
    return [web.post(base + "/embeddings", _answering(f"{place}.embeddings", word_error))]


def embed(text: str, dimensions: int = DIMENSIONS) -> Vector:
    """Of length 1, the same for the same text everywhere."""
    total = np.zeros(dimensions, np.float32)
    for word in re.findall(r"\w+", text.lower()):
        parts = [f"={word}", *_parts_of(f"<{word}>")]
        weight = SHORT_WEIGHT if len(word) <= SHORT_CHARS else 1.0
        total += weight * sum(_random(part)[:dimensions] for part in parts) / len(parts)
    length = float(np.linalg.norm(total))
    return total / length if length else _random("")[:dimensions]


def _parts_of(word: str) -> list[str]:
    return [
        word[start : start + size]
        for size in PART_CHARS
        for start in range(max(0, len(word) - size + 1))
    ]


@lru_cache(maxsize=100_000)
def _random(part: str) -> Vector:
    seed = int.from_bytes(hashlib.blake2b(part.encode(), digest_size=8).digest(), "big")
    return np.random.default_rng(seed).standard_normal(MAX_DIMENSIONS, np.float32)


def _answering(place: str, word_error: Callable[[Refused], Worded]) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await _answer(request, place)
        except Refused as refused:
            return answer_refusal(refused, word_error)

    return answer


async def _answer(request: web.Request, place: str) -> web.StreamResponse:
    try:
        body: Any = await request.json()
    except ValueError:
        raise Refused(None, "The body is no JSON") from None
    if not isinstance(body, dict):
        raise Refused(None, "The body is no JSON object")
    model = str(body.get("model", ""))
    use = await open_use(request, place, bearer_of(request) or NO_KEY, model, body)
    texts, dimensions = _texts_of(body), int(body.get("dimensions", DIMENSIONS))
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise Refused(None, "dimensions is out of range")
    tokens = sum(max(1, len(text) // 4) for text in texts)
    use.entry.count("input_tokens", tokens)
    rows = [
        {"object": "embedding", "index": index, "embedding": embed(text, dimensions).tolist()}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return await answer_json(use, {"object": "list", "data": rows, "model": model, "usage": usage})


def _texts_of(body: dict[str, Any]) -> Sequence[str]:
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not 1 <= len(texts) <= MAX_INPUTS:
        raise Refused(None, f"input must be 1 to {MAX_INPUTS} texts")
    if not all(isinstance(text, str) and text for text in texts):
        raise Refused(None, "input holds what is no text")
    return texts
