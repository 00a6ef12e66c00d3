"""A caller is heard, whatever becomes of the recogniser that hears them."""

import pytest

from tests.virtual_time import run_jumping
from tests.voice.ears import Failing, Hearing, Kind, ToneEars

WORDS = "please book my doctor today morning name four two nine".split()
SAID = " ".join(WORDS)


@pytest.mark.parametrize("kind", ["error", "end", "odd_error"])
@pytest.mark.parametrize("after_s", [0.0, 0.3, 1.1, 2.3, 2.62])
@pytest.mark.parametrize("tells_ends", [True, False])
def test_no_word_is_lost_where_a_connection_breaks(
    kind: Kind, after_s: float, tells_ends: bool
) -> None:
    async def call() -> tuple[list[str], list[float]]:
        hearing = Hearing(ToneEars([Failing(kind, after_s)], tells_ends=tells_ends))
        await hearing.say(SAID, then_quiet_s=2.0)
        await hearing.aclose()
        return hearing.words, hearing.final_at_s

    words, final_at_s = run_jumping(call())
    assert words == WORDS
    assert final_at_s[-1] < 1.0
