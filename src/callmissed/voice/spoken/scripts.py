"""The scripts of India: which language a letter points to, and what counts as part of a word."""

from functools import lru_cache
from unicodedata import category, decimal, normalize

FIRST_PRIVATE, LAST_PRIVATE = 0xE000, 0xF8FF

# First and last code point of a script, and the language that is meant when the text is in this
# script and the session's language is another one.
SCRIPTS = (
    (0x0600, 0x06FF, "ur"),
    (0x0900, 0x097F, "hi"),
    (0x0980, 0x09FF, "bn"),
    (0x0A00, 0x0A7F, "pa"),
    (0x0A80, 0x0AFF, "gu"),
    (0x0B00, 0x0B7F, "or"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0C00, 0x0C7F, "te"),
    (0x0C80, 0x0CFF, "kn"),
    (0x0D00, 0x0D7F, "ml"),
)
SHARED_SCRIPTS = {"mr": "hi", "as": "bn"}

# Vowel signs and other marks, which Python's `isalpha` and `\\w` do not count as parts of a word.
MARKS = (
    r"\u0300-\u036f\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u0981-\u0983\u09bc-\u09cd"
    r"\u09d7\u0a01-\u0a03\u0a3c-\u0a51\u0a70\u0a71\u0a75\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57\u0b82"
    r"\u0bbe-\u0bcd\u0bd7\u0c00-\u0c04\u0c3c-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d4d\u0d57"
)


def code_of_letter(letter: str, base: str | None) -> str | None:
    """The language to which a letter points: by its script, and `base` where scripts are shared.

    None for a letter of no script that we have words for. Latin letters point to English.
    """
    point = ord(letter)
    if point < 0x0250:
        return "en" if letter.isalpha() else None
    for first, last, code in SCRIPTS:
        if first <= point <= last:
            return base if base and SHARED_SCRIPTS.get(base) == code else code
    return None


@lru_cache(maxsize=8192)
def plain_text(text: str) -> str:
    """Text in one form of Unicode, with 0–9 for the digits of every script, and nothing private."""
    if text.isascii():
        return text
    text = normalize("NFC", text)
    if not any(char.isdecimal() or FIRST_PRIVATE <= ord(char) <= LAST_PRIVATE for char in text):
        return text
    chars = []
    for char in text:
        if char.isdecimal():
            chars.append(str(decimal(char)))
        elif category(char) != "Co":
            chars.append(char)
    return "".join(chars)
