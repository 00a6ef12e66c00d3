"""What is listed as missing cannot be opened, and what is not can."""

from collections.abc import Callable

import pytest

from callmissed.providers.local.engines import missing_voices
from callmissed.providers.local.espeak import Espeak
from callmissed.providers.local.flite import Flite


@pytest.mark.parametrize(
    ("model_id", "engine"), [("local/flite", Flite), ("local/espeak-ng", Espeak)]
)
def test_an_engine_is_missing_exactly_where_it_does_not_open(
    model_id: str, engine: Callable[[], object]
) -> None:
    if model_id in missing_voices():
        with pytest.raises((OSError, ImportError)):
            engine()
    else:
        engine()
