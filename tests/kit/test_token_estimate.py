"""Text is cut about as tokenisers cut it."""

from hypothesis import given
from hypothesis import strategies as st

from callmissed.kit.token_estimate import cut_tokens, estimate_tokens


def test_words_numbers_and_signs_are_told_apart() -> None:
    assert cut_tokens("Our opening hours: 9 to 17:30.") == [
        *("Our", " openin", "g", " hours", ":", " 9", " to", " 17", ":", "30", "."),
    ]
    assert estimate_tokens("नमस्ते") == 4
    assert estimate_tokens("") == 0


@given(st.text())
def test_the_pieces_are_the_text_and_stay_as_they_are(text: str) -> None:
    pieces = cut_tokens(text)
    assert "".join(pieces) == text
    assert all(cut_tokens(piece) == [piece] for piece in pieces)
