"""What the calls of one process share, made ready once."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from callmissed.runtime.call import prepare_process, run_call
from callmissed.voice.sentence_cache import SentenceCache

MEGABYTE = 1 << 20


def open_calls(sentence_cache_mb: int) -> Callable[..., Coroutine[Any, Any, None]]:
    """`run_call` for one process; blocks for about a second. With 0 no sentence is kept."""
    prepare_process()
    sentences = SentenceCache(sentence_cache_mb * MEGABYTE) if sentence_cache_mb else None
    return partial(run_call, sentences=sentences)
