"""What the calls of one process share, made ready once."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from callmissed.runtime.call import prepare_process, run_call
from callmissed.voice.sentence_cache import SentenceCache


def open_calls() -> Callable[..., Coroutine[Any, Any, None]]:
    """`run_call` for one process; blocks for about a second."""
    prepare_process()
    return partial(run_call, sentences=SentenceCache())
