"""Words of the languages of India for a search: stems, empty words, and how a word sounds in Latin
letters.

The blocks of Unicode from Devanagari to Malayalam follow one plan (ISCII): a letter has the same
place in each.
"""

import re
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

FIRST, LAST, BLOCK = 0x0900, 0x0D7F, 0x80
LEAST_SOUND_CHARS = 2
LEAST_STEM_CHARS = 3
LEAST_SURE_CHARS = 3
SAME_SOUND = 0.9
NEAR_SOUND = 0.72

_ROW = "k kh g gh n ch chh j jh n t th d dh n t th d dh n n p ph b bh m y r r l l l v sh sh s h"
_CONSONANTS = tuple(_ROW.split())
_NUKTA = ("k", "kh", "g", "z", "r", "rh", "f", "y")
_VOWELS = {
    **dict(enumerate(("a", "aa", "i", "ii", "u", "uu", "ri"), 0x05)),
    **dict(enumerate(("e", "e", "e", "ai", "o", "o", "o", "au"), 0x0D)),
}
_SIGNS = {
    **dict(enumerate(("aa", "i", "ii", "u", "uu", "ri"), 0x3E)),
    **dict(enumerate(("e", "e", "e", "ai", "o", "o", "o", "au"), 0x45)),
}
_NASALS = {0x01: "n", 0x02: "n", 0x03: "h"}
_VIRAMA = 0x4D
_ASPIRATES = re.compile(r"([kgjtdpb])h")
_SOFT_C = re.compile(r"c(?=[eiy])")
_FAMILIES = str.maketrans("gqdbfzjcwS", "kktppsskvs", "aeiouyh")

# Longest first; what is left must be long enough to mean something.
_ENDINGS = {
    0: """ियों ियाँ ियां इयाँ इयां ाओं ाएँ ाएं ुओं ओं एँ एं ों ें ीं ाँ ां ा ी े ो ि ु ू ई""",
    5: """ங்களுக்கு ங்களின் ங்களில் ங்களை ங்கள் களுக்கு களின் களில் களை கள் யின் யில் யை க்கு
        த்தின் த்தில் த்தை த்து வின் வில் வை ின் ில் ுக்கு ிற்கு ான ாக ும் ை ு ி""",
    6: """లకు లలో లను లు కు లో ను ని ి ు ా""",
    7: """ಗಳಿಗೆ ಗಳಲ್ಲಿ ಗಳು ಕ್ಕೆ ದಲ್ಲಿ ಗೆ ಯು ಿ ು ಾ""",
    8: """ങ്ങൾ കൾ യുടെ ിന്റെ ത്തിൽ ിൽ ക്ക് ിന് െ ി ു ാ""",
}
_OTHER_ENDINGS = {1: "গুলি গুলো ের দের তে কে টি টা র ে ি া ু", 3: "ઓ ો ી ે ા ું નું માં", 2: "ਾਂ ੀਆਂ ਾ ੀ ੇ ੋ"}
_BY_BLOCK = {
    block: sorted(text.split(), key=len, reverse=True)
    for block, text in {**_ENDINGS, **_OTHER_ENDINGS}.items()
}

_EMPTY = """
    है हैं हूँ हूं हो था थी थे का के की को में मे से पर ने और या भी ही तो कि यह ये वह वो इस उस क्या कौन
    कब कहाँ कहां कैसे कितना कितने कितनी किस किसी कोई कुछ मैं मुझे मेरा मेरी मेरे हम हमें हमारा आप आपका आपकी
    आपके आपको अपना अपनी अपने जी हाँ नहीं मत लिए वाला वाली वाले तक साथ होता होती होते कर करना करने करें
    सकता सकती सकते चाहिए चाहता चाहती बताइए बताओ बता दीजिए रहा रही रहे गया गई गए एक
    hai hain hun hoon hota hoti hote ka ke ki ko mein mai se par pe aur ya bhi hi toh kya kaun
    kab kahan kaha kaise kitna kitne kitni kis koi kuch mujhe mera meri mere ham hame aap aapka aapki
    aapke aapko apna apni apne ji haan nahi nahin liye wala wali wale tak sath kar karna karne karen
    sakta sakti sakte chahiye batao bataiye bataye dijiye raha rahi rahe gaya gayi ek
    என்ன எப்போது எங்கே எங்கு எப்படி யார் எவ்வளவு எத்தனை எந்த இது அது இந்த அந்த நான் எனக்கு நீங்கள் உங்கள்
    ஒரு மற்றும் உள்ளது இருக்கிறது இருக்கா இருக்கும் உண்டா வேண்டும் முடியுமா செய்ய செய்யலாம் ஆகும் பற்றி
    சொல்லுங்கள் உங்களிடம் எனது என்
    """
EMPTY_WORDS = frozenset(_EMPTY.split())


def is_indic(word: str) -> bool:
    return not word.isascii() and any(FIRST <= ord(char) <= LAST for char in word)


def stem_indic(word: str) -> str:
    """The word without one of the commonest endings of its language; only good for comparing."""
    block = next(((ord(c) - FIRST) // BLOCK for c in word if FIRST <= ord(c) <= LAST), None)
    for ending in _BY_BLOCK.get(block if block is not None else -1, ()):
        if word.endswith(ending) and len(word) - len(ending) >= LEAST_STEM_CHARS:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=50_000)
def in_latin(word: str) -> str:
    """As people would write the word in Latin letters, simplified: one letter for a long vowel,
    none for breath and for the last `a`.
    """
    text = _romanize(word) if is_indic(word) else word
    text = _ASPIRATES.sub(r"\1", text.replace("ph", "f").replace("chh", "ch"))
    for pair, letter in (
        ("aa", "a"),
        ("ee", "i"),
        ("ii", "i"),
        ("oo", "u"),
        ("uu", "u"),
        ("w", "v"),
    ):
        text = text.replace(pair, letter)
    text = re.sub(r"(.)\1", r"\1", text)
    return text[:-1] if text.endswith("a") and len(text) > 3 else text


@lru_cache(maxsize=50_000)
def sound_key(word: str) -> str:
    """The consonants of a word in any script, by their family: words that sound alike share it.

    Empty for what has too few of them to say anything.
    """
    text = _romanize(word) if is_indic(word) else word
    if not text.isascii() or any(char.isdigit() for char in text):
        return ""
    text = text.replace("chh", "S").replace("ch", "S").replace("sh", "S").replace("ck", "k")
    text = _SOFT_C.sub("s", text.replace("ph", "f").replace("x", "ks"))
    head = "a" if text[:1] in "aeiou" else ""
    text = re.sub(r"(.)\1+", r"\1", text.translate(_FAMILIES))
    return head + text if len(text) >= LEAST_SOUND_CHARS else ""


@lru_cache(maxsize=50_000)
def sound_likeness(one: str, other: str) -> float:
    """1 for words written the same in Latin letters, 0 for those that are too far apart."""
    first, second = in_latin(one), in_latin(other)
    if first == second:
        return 1.0
    near = Levenshtein.normalized_similarity(first, second)
    if _without_a(first) == _without_a(second):
        return SAME_SOUND
    key = sound_key(one)
    if len(key) >= LEAST_SURE_CHARS and key == sound_key(other):
        return max(near, NEAR_SOUND)
    return near if near >= NEAR_SOUND else 0.0


def _without_a(text: str) -> str:
    return text[:1] + text[1:].replace("a", "").replace("e", "i").replace("o", "u")


def _romanize(word: str) -> str:
    parts: list[str] = []
    owes_vowel = False
    for char in word:
        place = (ord(char) - FIRST) % BLOCK if FIRST <= ord(char) <= LAST else -1
        if 0x15 <= place <= 0x39 or 0x58 <= place <= 0x5F:
            letter = _CONSONANTS[place - 0x15] if place <= 0x39 else _NUKTA[place - 0x58]
            parts.append("a" + letter if owes_vowel else letter)
            owes_vowel = True
            continue
        if owes_vowel and place not in _SIGNS and place != _VIRAMA and place != 0x3C:
            parts.append("a")
        if place != 0x3C:
            owes_vowel = False
        parts.append(_VOWELS.get(place) or _SIGNS.get(place) or _NASALS.get(place) or "")
        if place < 0 and char.isalnum():
            parts.append(char)
    return "".join(parts)
