"""Numbers in words: whole, decimal, digit by digit, ordinal, years, and amounts before a noun."""

from functools import lru_cache

from indic_numtowords import num2words

from callmissed.voice.spoken.languages import Language, Scale

# Up to a crore crore a number is a number; longer ones can only be read digit by digit.
LONGEST_NUMBER_DIGITS = 14
LONGEST_HALF_DIGITS = 2
FEW = 10
QUARTERS = frozenset(("25", "75"))
CRORE, LAKH, THOUSAND, HUNDRED = 10_000_000, 100_000, 1_000, 100
ENGLISH_SMALL_ORDINAL = 20


def cardinal(number: int, language: Language) -> str:
    """A whole number ≥ 0 in words, with lakh and crore. Numbers of 15 and more digits: see `whole`."""
    if number < HUNDRED:
        return language.small[number]
    return _composed(language.code, number, language)


def whole(digits: str, language: Language) -> str:
    """A run of digits as a number; digit by digit when it starts with 0 or is beyond all naming."""
    if len(digits) > LONGEST_NUMBER_DIGITS or (len(digits) > 1 and digits[0] == "0"):
        return spell_digits(digits, language)
    return cardinal(int(digits), language)


def spell_digits(digits: str, language: Language) -> str:
    """Each digit by itself; all else in the text is passed over."""
    return " ".join(
        [language.small[int(digit)] for digit in digits if digit.isascii() and digit.isdigit()]
    )


def number(text: str, language: Language) -> str:
    """A number as written (commas, one decimal point) in words: "1,234.50" → "… point five zero"."""
    head, _, tail = text.replace(",", "").partition(".")
    if not tail:
        return whole(head or "0", language)
    return f"{whole(head or '0', language)} {language.say['point']} {spell_digits(tail, language)}"


def quartered(text: str, language: Language) -> str | None:
    """A number with a quarter, as said before a scale: 1.25 is सवा, 3.75 is पौने चार; None for others."""
    halves = language.section("halves")
    head, _, tail = text.replace(",", "").partition(".")
    if "quarter" not in halves or tail not in QUARTERS or len(head) > LONGEST_HALF_DIGITS:
        return None
    count = int(head or "0")
    if tail == "25":
        return {0: halves["quarter_0"], 1: halves["quarter_1"]}.get(count) or halves[
            "quarter"
        ].format(cardinal(count, language))
    return halves["to_next"].format(cardinal(count + 1, language)) if count else halves["to_next_1"]


def amount(text: str, language: Language) -> str:
    """A number as said before a noun: "1.5" is डेढ़ in Hindi, "500" is వందల, not వందలు, in Telugu."""
    halves = language.section("halves")
    head, _, tail = text.replace(",", "").partition(".")
    if halves and tail.rstrip("0") == "5" and len(head) <= LONGEST_HALF_DIGITS:
        if (head or "0") in halves:
            return halves[head or "0"]
        return language.fill(halves["many"], cardinal(int(head), language))
    if tail and not tail.strip("0"):
        return before_noun(whole(head or "0", language), language)
    return before_noun(number(text, language), language)


def before_noun(words: str, language: Language) -> str:
    """The form that number words take before a noun."""
    for ending, replacement in language.section("before_noun").items():
        if words.endswith(ending):
            return words[: -len(ending)] + replacement
    return words


def span(first: str, last: str, language: Language) -> str:
    """From one number as written to another; neighbours as people say them: दो-तीन, two to three."""
    words = amount(first, language), amount(last, language)
    few = language.say.get("few")
    small = first.isdigit() and last.isdigit() and len(last) <= 2
    if few and small and int(last) == int(first) + 1 <= FEW:
        return few.format(*words)
    return language.fill(language.say["range"], *words)


def ranged(said: str, noun: str, language: Language) -> str:
    """A range in words and what is counted; the word for "until", if the range has one, comes last."""
    until = language.say.get("until", "")
    if until and said.endswith(f" {until}"):
        return f"{said.removesuffix(until)}{noun} {until}"
    return f"{said} {noun}"


def is_one(text: str) -> bool:
    """Whether the number as written is exactly 1, which takes the singular."""
    return text == "1"


def ordinal(value: int, language: Language) -> str:
    """The ordinal of a whole number."""
    table = language.section("ordinals")
    if str(value) in table:
        return table[str(value)]
    words = cardinal(value, language)
    if language.code == "en":
        return _english_ordinal(value, words, language)
    return language.fill(table.get("many", "{}"), words)


def year(value: int, language: Language) -> str:
    """A year as it is said: nineteen forty seven, twenty twenty six, उन्नीस सौ सैंतालीस."""
    century, rest = divmod(value, HUNDRED)
    if language.code == "en" and (1100 <= value < 2000 or 2010 <= value < 2100):
        if not rest:
            return f"{cardinal(century, language)} hundred"
        link = " oh " if rest < 10 else " "
        return f"{cardinal(century, language)}{link}{cardinal(rest, language)}"
    if language.year_hundreds and 1100 <= value < 2000:
        head = language.year_hundreds.format(cardinal(century, language))
        return f"{head} {cardinal(rest, language)}" if rest else head
    return cardinal(value, language)


def _english_ordinal(value: int, words: str, language: Language) -> str:
    head, _, last = words.rpartition(" ")
    tail = value % HUNDRED if value % HUNDRED < ENGLISH_SMALL_ORDINAL else value % 10
    irregular = language.section("ordinals").get(str(tail))
    last = irregular or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return f"{head} {last}" if head else last


@lru_cache(maxsize=4096)
def _composed(code: str, value: int, language: Language) -> str:
    crores, below_crore = divmod(value, CRORE)
    parts = (
        [_counted(crores, language.scales["crore"], bool(below_crore), language)] if crores else []
    )
    if below_crore < language.library_below:
        if below_crore:
            parts.append(num2words(below_crore, lang=code))
        return " ".join(parts)
    lakhs, rest = divmod(below_crore, LAKH)
    thousands, rest = divmod(rest, THOUSAND)
    hundreds, rest = divmod(rest, HUNDRED)
    if lakhs:
        linked = bool(thousands or hundreds or rest)
        parts.append(_counted(lakhs, language.scales["lakh"], linked, language))
    if thousands:
        linked = bool(hundreds or rest)
        parts.append(_counted(thousands, language.scales["thousand"], linked, language))
    if hundreds:
        parts.append(language.hundreds[hundreds - 1][1 if rest else 0])
    if rest:
        parts.append((language.last_link if value > HUNDRED else "") + language.small[rest])
    return " ".join(parts)


def _counted(count: int, scale: Scale, linked: bool, language: Language) -> str:
    if count == 1:
        return scale.one_linked if linked else scale.one
    template = scale.many_linked if linked else scale.many
    words = cardinal(count, language)
    return language.fill(template, words if "{-}" in template else before_noun(words, language))
