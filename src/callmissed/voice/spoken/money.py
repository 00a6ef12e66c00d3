"""Amounts of money: ₹1,25,000, Rs 99.50, INR 2.5 lakh, 500/-, $20, ₹400–₹600, ₹500/month."""

import re

from callmissed.voice.spoken.languages import Language
from callmissed.voice.spoken.numbers import amount, before_noun, cardinal, is_one, number
from callmissed.voice.spoken.sheet import DASH, HAS_DIGIT, NUMBER, Scene, Sheet, compiled
from callmissed.voice.spoken.vocabulary import CURRENCIES, SCALES

SIGNS = r"US\$|₹|\$|€|£|৳"
CODES = r"(?:Rs|RS|rs|INR|inr|USD|usd|EUR|GBP|AED|Re)\b\.?|(?:रु|रू|ரூ|రూ)\.?(?![ँ-ॿ஀-௿ఀ-౿])"
SCALE = r"(?:\s?(?P<{0}>k|K|lakhs?|lacs?|Lakhs?|L|Cr|cr|crores?|Crores?|thousand|million|mn|M|billion|bn)(?![A-Za-z]))?"
AHEAD = r"(?<![0-9A-Za-z])(?<![0-9][.,])"
TAIL = r"(?![0-9A-Za-z]|[.,]\d)"
BETWEEN = rf"(?:\s*{DASH}\s*|\s+(?:to|and|से|ते)\s+)"
CENTS = 2

SIGN_FIRST = (
    rf"(?<![A-Za-z])(?P<minus>[-−])?(?P<sign>{SIGNS}|{CODES})\s?(?P<minus2>[-−])?(?P<n>{NUMBER}){SCALE.format('scale')}"
    rf"(?:{BETWEEN}(?:{SIGNS}|{CODES})?\s?(?P<to>{NUMBER}){SCALE.format('scale2')}{TAIL})?(?:\s?/-)?(?![A-Za-z]*\d)"
)
SIGN_LAST = (
    rf"{AHEAD}(?P<minus>[-−])?(?P<n>{NUMBER}){SCALE.format('scale')}"
    rf"(?:{BETWEEN}(?P<to>{NUMBER}){SCALE.format('scale2')})?\s?(?P<sign>{SIGNS}|(?:Rs|INR|USD|EUR|GBP|AED)\b\.?|/-)(?!\s?\d)"
)


def say_money(sheet: Sheet, scene: Scene) -> None:
    """Says every amount that has a currency."""
    text = sheet.text
    if not HAS_DIGIT.search(text):
        return
    language = scene.language
    sheet.say(compiled(SIGN_FIRST), lambda match: _say(match, language))
    sheet.say(compiled(SIGN_LAST), lambda match: _say(match, language))


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
    name = SCALES[scale if scale in SCALES else scale.lower()]
    if name in language.scales and text.isdigit() and len(text) <= 7:
        form = language.scales[name]
        if is_one(text):
            return form.one
        template = form.many
        words = cardinal(int(text), language)
        filled = language.fill(
            template, words if "{-}" in template else before_noun(words, language)
        )
        return before_noun(filled, language)
    word = language.say.get(f"{name}_word", name)
    return f"{amount(text, language)} {word}"


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
        scale = match["scale"] or match["scale2"] or ""
        many = _forms(currency, language)[1]
        same = (match["scale"] or scale) == (match["scale2"] or "")
        first = _plain(match["n"], "" if same and scale else match["scale"], language)
        return many.format(
            language.fill(
                language.say["range"], first, _plain(match["to"], match["scale2"], language)
            )
        )
    minus = match["minus"] or groups.get("minus2")
    stop = "." if match.group().endswith("Rs.") and not match.string[match.end() :].strip() else ""
    return (language.fill(language.say["minus"], said) if minus else said) + stop


def _amount(text: str, scale: str | None, currency: str, language: Language) -> str:
    if not scale:
        return money(text, currency, language)
    return _forms(currency, language)[1].format(scaled(text, scale, language))


def _plain(text: str, scale: str | None, language: Language) -> str:
    return scaled(text, scale, language) if scale else amount(text, language)
