"""Listeners' words are told from words that want the floor."""

import pytest

from callmissed.domain.backchannels import is_backchannel

GO_ON = (
    "Hmm. hmm… Mm-hmm, Uh-huh! okay OK ok. Okay, okay. Yeah yeah right I_see. Got_it! Sure. "
    "हाँ हां जी अच्छा ठीक_है हाँ_जी जी_हाँ ठीक_है_ठीक_है हम्म अच्छा,_अच्छा ओके। "
    "haan achha accha theek_hai thik_hai haan_ji ji_haan Haan,_theek_hai. achha_ok hmm_okay"
)
TAKES_THE_FLOOR = (
    "Okay stop",
    "no",
    "No, wait.",
    "nahi",
    "नहीं",
    "रुकिए",
    "ruko ek minute",
    "yes but what about Sunday",
    "haan lekin kitna lagega",
    "हाँ लेकिन कितना लगेगा",
    "what",
    "kya",
    "achha suniye",
    "okay okay okay okay okay",
    "right, cancel it",
    "2",
)


@pytest.mark.parametrize("words", [one.replace("_", " ") for one in GO_ON.split()])
def test_a_listener_says_go_on(words: str) -> None:
    assert is_backchannel(words)


@pytest.mark.parametrize("words", ["", " ", "…", "?"])
def test_no_words_want_nothing(words: str) -> None:
    assert is_backchannel(words)


@pytest.mark.parametrize("words", TAKES_THE_FLOOR)
def test_other_words_take_the_floor(words: str) -> None:
    assert not is_backchannel(words)
