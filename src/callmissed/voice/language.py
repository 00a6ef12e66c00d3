"""In which language a caller speaks, and in which one they are therefore answered.

Callers in India mix languages within a sentence. The grammar's words tell which language carries
it; names and things (`appointment`, `Saturday`) may stand in any.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass

from callmissed.domain.prompts import primary_language
from callmissed.kit.overlap import fold_word

LEAST_WORDS = 3
"""So long an utterance shows by itself that the caller has changed the language."""
SHORT_ONES = 2
"""So many shorter ones in a row do, too."""
CLEAR_SHARE = 0.6


def _word_list(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = _word_list(
    "a about all am an and any are as at be because been but by can could did do does for from "
    "get give got had has have he her here his how i im if in is it its ive just know let like "
    "make me my need not of on one or our out she should so some take tell than that the their "
    "them then there these they this to us want was we were what when where which who why will "
    "with would you your"
)
_HINDI_IN_LATIN = _word_list(
    "aaj aap aapka aapke aapki aapko aaya aaye aayega ab abhi agar aisa apna apne apni aur bata "
    "bataiye batao bhi bola chahie chahiye chahte dena dijiye diya ek gaya gayi hai hain ham "
    "hamara ho hoga hoon hota hua hum hun isko iska jab jana jo ka kab kal kabhi kahan kaise kar "
    "karein karna karo karta karte karti karun kaun ke kis kisi kitna kitne kiya ko koi kuch kya "
    "kyon kyun lekin liye magar main mein mera mere meri mila milega mujhe mujhko par pe phir "
    "raha rahe rahi rahega sab sakta sakte sakti se shaam subah tak tha thi thoda toh tum unka "
    "uska usko wala wale wali woh yah yahan yeh"
)
_ANYBODYS = _word_list(
    "accha achcha achha arey arre bye fine goodbye haa haan haanji hello hey hi hm hmm ji ok okay "
    "please sorry thank thanks theek thik sure yeah yes yep no nahi nahin nope welcome um uh हाँ "
    "हां जी अच्छा ठीक ओके नमस्ते हेलो हैलो"
)
"""Said in every language of a mixed call: an utterance of nothing else tells nothing."""
_SCRIPTS = {
    "DEVANAGARI": ("hi", "mr", "ne", "kok", "sa", "mai", "doi", "brx"),
    "BENGALI": ("bn", "as", "mni"),
    "GURMUKHI": ("pa",),
    "GUJARATI": ("gu",),
    "ORIYA": ("or",),
    "TAMIL": ("ta",),
    "TELUGU": ("te",),
    "KANNADA": ("kn",),
    "MALAYALAM": ("ml",),
    "ARABIC": ("ur", "ks", "sd"),
    "OL": ("sat",),
}
_UNKNOWN = frozenset({"", "unknown", "auto", "multi", "und"})


@dataclass(frozen=True, slots=True)
class Following:
    """`language` (BCP-47) is the one to answer in; `leaning` another, in which the caller said
    `short_ones` short things one after another.
    """

    language: str
    leaning: str = ""
    short_ones: int = 0


def follow(state: Following, words: str, reported: str | None) -> Following:
    """What is so after one more utterance, of which the recogniser reports a language.

    A whole utterance in another language changes it, or two short ones in a row; a mixed one stays
    with the language that carries it, and words that are anybody's change nothing.
    """
    carrying, is_certain = _carrying_language(words, reported, state.language)
    if not carrying:
        return state
    if carrying == primary_language(state.language):
        return Following(state.language)
    short_ones = state.short_ones + 1 if carrying == state.leaning else 1
    if (is_certain and len(words.split()) >= LEAST_WORDS) or short_ones >= SHORT_ONES:
        return Following(_tag(carrying, reported, state.language))
    return Following(state.language, carrying, short_ones)


def spoken_language(words: str, reported: str | None, expected: str) -> str:
    """The language (BCP-47) of one utterance; the expected one where its words do not tell."""
    carrying, _ = _carrying_language(words, reported, expected)
    return _tag(carrying, reported, expected) if carrying else expected


def _carrying_language(words: str, reported: str | None, expected: str) -> tuple[str, bool]:
    """The primary code and whether its grammar was heard; an empty code where nobody can tell."""
    told = primary_language(reported or "")
    if told in _UNKNOWN:
        return "", False
    single = words.casefold().replace("thank you", "thanks")
    tokens = [token for word in single.split() if (token := fold_word(word))]
    telling = [token for token in tokens if token not in _ANYBODYS]
    if not telling:
        return "", False
    votes = Counter(
        vote for token in telling if (vote := _vote(token, told, primary_language(expected)))
    )
    if not votes:
        return told, False
    (best, count), *_ = votes.most_common(1)
    return (best, True) if count >= CLEAR_SHARE * votes.total() else ("", False)


def _vote(token: str, told: str, expected: str) -> str:
    """The language that a word can only belong to; empty for one that travels."""
    script = unicodedata.name(token[0], "").split(" ")[0]
    if script in _SCRIPTS:
        written_so = _SCRIPTS[script]
        return next((code for code in (told, expected) if code in written_so), written_so[0])
    if token in _ENGLISH:
        return "en"
    return "hi" if token in _HINDI_IN_LATIN else ""


def _tag(code: str, reported: str | None, expected: str) -> str:
    """The code with a region: the reported one's, else the expected one's."""
    for tag in (expected, reported or ""):
        if primary_language(tag) == code:
            return tag
    _, _, region = expected.partition("-")
    return f"{code}-{region}" if region else code
