"""The words that the tone code knows, and the number that stands for each."""

import unicodedata
import zlib

ENGLISH = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("yes", "no", "hello", "please", "thanks", "what", "when", "where", "who", "why", "how"),
    *("you", "your", "my", "said", "the", "is", "open", "close", "today", "tomorrow", "monday"),
    *("friday", "doctor", "clinic", "book", "cancel", "name", "number", "phone", "price"),
    *("rupees", "time", "hours", "help", "stop", "wait", "okay", "good", "morning", "evening"),
)
HINDI = (
    *("हाँ", "नहीं", "नमस्ते", "क्या", "कब", "कहाँ", "कौन", "मेरा", "आपका", "समय", "डॉक्टर", "कल"),
    *("आज", "एक", "दो", "तीन", "चार", "पाँच", "रुपये", "कितना", "धन्यवाद", "मदद", "रुको", "ठीक"),
)
CODES = 100
"""Numbers that the tones can say; those that are no word's stand for all other words."""


def words_of(text: str) -> list[str]:
    """The words of a text: NFC, lower case, letters, marks and digits only."""
    spelled = (_spelled(part) for part in unicodedata.normalize("NFC", text).split())
    return [word for word in spelled if word]


def code_of(word: str) -> int:
    """Below 100; the same for the same word on every machine. `word` as `words_of` gives it."""
    known = _CODE_OF.get(word)
    if known is not None:
        return known
    if word[:1] == "~" and word[1:].isdigit():
        return int(word[1:])
    return len(_WORDS) + zlib.crc32(word.encode()) % (CODES - len(_WORDS))


def word_of(code: int) -> str:
    """The word, or `~` and the number for one of those that share it."""
    return _WORDS[code] if code < len(_WORDS) else f"~{code}"


def language_of(words: list[str]) -> str:
    """`hi-IN` where more of the words are Hindi than English."""
    hindi = sum(word in _HINDI for word in words)
    english = sum(word in _ENGLISH for word in words)
    return "hi-IN" if hindi > english else "en-IN"


def _spelled(part: str) -> str:
    return "".join(char for char in part.casefold() if unicodedata.category(char)[0] in "LMN")


_WORDS = tuple(unicodedata.normalize("NFC", word) for word in (*ENGLISH, *HINDI))
_CODE_OF = {word: code for code, word in enumerate(_WORDS)}
_ENGLISH = frozenset(ENGLISH)
_HINDI = frozenset(_WORDS[len(ENGLISH) :])
