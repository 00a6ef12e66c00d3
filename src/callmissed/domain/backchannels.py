"""Words by which a listener says "go on": they do not take the floor while the agent speaks.

English (India), Hindi in both scripts, and what both share.
"""

import unicodedata

MAX_WORDS = 4

_SOUNDS = (
    "hm hmm hmmm mm mmm mhm mmhmm mm-hmm uh um uhh umm uh-huh uhuh aha ah oh ohh huh hm-hm ahem"
)
_ENGLISH = "ok okay okey yeah yes yep yup ya right sure fine cool great nice alright correct really"
_HINDI_IN_LATIN = (
    "haan han haanji hanji haa ha ji jee achha acha accha achchha theek thik thikhai theekhai hai "
    "sahi bilkul hun hoon"
)
_HINDI = "हाँ हां हा हाँजी हांजी जी अच्छा ठीक है सही बिल्कुल बिलकुल हूँ हूं हम्म हम्म्म म्म ओके ओह अरे यस राइट येस या"
_ALONE = frozenset(
    unicodedata.normalize("NFC", f"{_SOUNDS} {_ENGLISH} {_HINDI_IN_LATIN} {_HINDI}").split()
)
_PHRASES = frozenset(
    {"i see", "got it", "all right", "uh huh", "mm hmm", "go on", "of course", "that's right"}
)


def is_backchannel(words: str) -> bool:
    """Whether these words only say that somebody listens; also for no words at all.

    `Haan, theek hai.` does, `okay stop` does not.
    """
    plain = _plain(words)
    parts = plain.split()
    if len(parts) > MAX_WORDS:
        return False
    return plain in _PHRASES or all(part in _ALONE for part in parts)


def _plain(words: str) -> str:
    """Lower case, letters with their marks, digits, apostrophes and hyphens."""
    kept = "".join(
        char if unicodedata.category(char)[0] in "LMN" or char in "'- " else " "
        for char in unicodedata.normalize("NFC", words).lower()
    )
    return " ".join(part.strip("-'") for part in kept.split())
