"""Telephone numbers: E.164, and the ways in which people write the same number."""

import re

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SIGNS = re.compile(r"[\s().\-/]")
# ITU-T E.164 (assigned country codes): one digit and two digits; all others have three.
_ONE_DIGIT = ("1", "7")
_TWO_DIGITS = frozenset(
    """
    20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65
    66 81 82 84 86 90 91 92 93 94 95 98
    """.split()  # noqa: SIM905
)


def read_e164(written: str) -> str | None:
    """`+91 (98765) 43210` → `+919876543210`; None for what is no number with its country code."""
    plain = _SIGNS.sub("", written)
    if plain.startswith("00"):
        plain = "+" + plain[2:]
    return plain if _E164.fullmatch(plain) else None


def written_forms(number: str) -> tuple[str, ...]:
    """How `number` (E.164) is written, without the signs between digits: with its country code
    after `+`, `00` or nothing, and without it, also behind the national `0`.
    """
    digits = number.removeprefix("+")
    national = digits[len(_country_code(digits)) :]
    return (f"+{digits}", f"00{digits}", digits, national, f"0{national}")


def _country_code(digits: str) -> str:
    if digits.startswith(_ONE_DIGIT):
        return digits[:1]
    return digits[:2] if digits[:2] in _TWO_DIGITS else digits[:3]
