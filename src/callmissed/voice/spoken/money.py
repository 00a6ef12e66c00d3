"""Amounts of money: ₹1,25,000, Rs 99.50, INR 2.5 lakh, 500/-, $20, ₹400–₹600, ₹500/month."""

import re
from functools import lru_cache

from callmissed.voice.spoken.languages import CODES, Language
from callmissed.voice.spoken.numbers import (
    amount,
    before_noun,
    cardinal,
    is_one,
    number,
    quartered,
    ranged,
    span,
)
from callmissed.voice.spoken.sheet import DASH, HAS_DIGIT, NUMBER, Scene, Sheet, words_pattern
from callmissed.voice.spoken.vocabulary import CURRENCIES, SCALES

SIGNS = r"US\$|₹|\$|€|£|৳|¥"
LETTERS = (
    r"(?:Rs|RS|rs|INR|inr|USD|usd|EUR|GBP|AED|Re)\b\.?"
    r"|(?:रु|रू|ரூ|రూ)\.?(?![\u0900-\u0963\u0b80-\u0be5\u0c00-\u0c65])"
)
LATIN_SCALES = "k|K|lakhs?|lacs?|Lakhs?|L|Cr|cr|crores?|Crores?|thousand|million|mn|M|billion|bn"
RUPEES = ("rupees", "Rupees", "Rs.", "Rs")
AHEAD = r"(?<![0-9A-Za-z])(?<![0-9][.,])"
TAIL = r"(?![0-9A-Za-z]|[.,]\d)"
CENTS = 2
LONGEST_COUNT_DIGITS = 7


def say_money(sheet: Sheet, scene: Scene) -> None:
    """Says every amount that has a currency."""
    text = sheet.text
    if not HAS_DIGIT.search(text):
        return
    language = scene.language
    for pattern in _patterns(language):
        sheet.say(pattern, lambda match: _say(match, language))


def money(text: str, currency: str, language: Language) -> str:
    """An amount as written ("1,234.50") in units and hundredths of a currency."""
    one, many, cent, cents, both = _forms(currency, language)
    head, _, tail = text.replace(",", "").partition(".")
    if len(tail) > CENTS:
        return many.format(before_noun(number(text, language), language))
    whole = one if is_one(head) else many.format(amount(head or "0", language))
    hundredths = int(tail.ljust(CENTS, "0")) if tail else 0
    if not hundredths:
        return whole
    part = (
        cent
        if hundredths == 1
        else cents.format(before_noun(cardinal(hundredths, language), language))
    )
    return part if not head.strip("0") else both.format(whole, part)


def scaled(text: str, scale: str, language: Language) -> str:
    """A number with a scale behind it, before a noun: "2.5", "lakh" → ढाई लाख."""
    name = (
        language.section("scale_words").get(scale)
        or SCALES[scale if scale in SCALES else scale.lower()]
    )
    if name in language.scales and text.isdigit() and len(text) <= LONGEST_COUNT_DIGITS:
        form = language.scales[name]
        if is_one(text):
            return form.one
        words = cardinal(int(text), language)
        filled = language.fill(
            form.many, words if "{-}" in form.many else before_noun(words, language)
        )
        return before_noun(filled, language)
    word = language.say.get(f"{name}_word", name)
    return f"{quartered(text, language) or amount(text, language)} {word}"


@lru_cache(maxsize=len(CODES))
def _patterns(language: Language) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Amounts with the currency ahead, and with the currency behind."""
    stems = (*language.section("scale_words"), *language.stems("scale_stems"))
    native = words_pattern(stems) or "(?!)"
    between = "|".join([r"\bto\b", r"\band\b", *language.stems("from_words")])
    between = rf"(?:\s*{DASH}\s*|\s+(?:{between})\s+)"

    words = {*RUPEES, *(form.replace("{}", "").strip() for form in language.money["rupee"][1:2])}
    again = rf"\s(?:{words_pattern(tuple(words))})(?![A-Za-z{language.letters}])"

    def scale(name: str) -> str:
        return (
            rf"(?:\s?(?P<{name}>(?:{LATIN_SCALES})(?![A-Za-z])|(?:{native})[{language.letters}]*))?"
        )

    ahead = (
        rf"(?<![A-Za-z])(?P<minus>[-−])?(?P<sign>{SIGNS}|{LETTERS})\s?(?P<minus2>[-−])?(?P<n>{NUMBER}){scale('scale')}"
        rf"(?:{between}(?:{SIGNS}|{LETTERS})?\s?(?P<to>{NUMBER}){scale('scale2')}{TAIL})?(?:\s?/-|{again})?(?![A-Za-z]*\d)"
    )
    behind = (
        rf"{AHEAD}(?P<minus>[-−])?(?P<n>{NUMBER}){scale('scale')}(?:{between}(?P<to>{NUMBER}){scale('scale2')})?"
        rf"\s?(?P<sign>{SIGNS}|(?:Rs|INR|USD|EUR|GBP|AED)\b\.?|/-)(?!\s?\d)"
    )
    return re.compile(ahead), re.compile(behind)


def _forms(currency: str, language: Language) -> tuple[str, ...]:
    if currency in language.money:
        return language.money[currency]
    return (f"{currency}", f"{{}} {currency}", "cent", "{} cents", "{} {}")


def _say(match: re.Match[str], language: Language) -> str:
    groups = match.groupdict()
    sign = match["sign"].rstrip(".").lower()
    currency = "rupee" if sign == "/-" else CURRENCIES[sign]
    said = _amount(match["n"], match["scale"], currency, language)
    if groups.get("to"):
        noun = _forms(currency, language)[1].replace("{}", "").strip()
        return ranged(_range(match, language), noun, language)
    minus = match["minus"] or groups.get("minus2")
    stop = "." if match.group().endswith("Rs.") and not match.string[match.end() :].strip() else ""
    return (language.fill(language.say["minus"], said) if minus else said) + stop


def _range(match: re.Match[str], language: Language) -> str:
    if not match["scale"] and not match["scale2"]:
        return span(match["n"], match["to"], language)
    first = None if match["scale"] == match["scale2"] else match["scale"]
    words = _plain(match["n"], first, language), _plain(match["to"], match["scale2"], language)
    return language.fill(language.say["range"], *words)


def _amount(text: str, scale: str | None, currency: str, language: Language) -> str:
    if not scale:
        return money(text, currency, language)
    if _is_inflected(scale, language):
        return f"{amount(text, language)} {scale}"
    return _forms(currency, language)[1].format(scaled(text, scale, language))


def _plain(text: str, scale: str | None, language: Language) -> str:
    if scale and _is_inflected(scale, language):
        return f"{amount(text, language)} {scale}"
    return scaled(text, scale, language) if scale else amount(text, language)


def _is_inflected(scale: str, language: Language) -> bool:
    """A native scale with a case ending must stay as it is, and takes the place of the currency."""
    return not scale.isascii() and scale not in language.section("scale_words")
