"""What must not be read in a log, found by its looks: secrets, and telephone numbers but for their
last two digits.
"""

import re

HIDDEN = "***"
DIGITS_SHOWN = 2
FEWEST_DIGITS, MOST_DIGITS = 8, 15

_SECRETS = re.compile(
    # Our own keys, links and tokens; keys as vendors make them; JWTs; the password of an address;
    # what is called a secret.
    r"\bcm[a-z]{0,3}_[0-9A-Za-z]{8,}"
    r"|\bsk[-_][\w-]{12,}"
    r"|eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"
    r"|(?<=://)[^/@\s:]+:[^/@\s]+(?=@)"
    r"|(?i:(?<=bearer )[\w.~+/-]{8,}=*)"
    r"|(?i:(?<=subscription-key: )\S+)"
    r"|(?i:\b(?P<name>[\w-]*(?:key|token|secret|password|passwd|authorization))=)[^&\s\"']+"
)
# Digits that are no telephone number: ids, addresses, dates and times.
_KEPT = (
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"|\d{1,3}(?:\.\d{1,3}){3}"
    r"|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?"
)
_NUMBERS = re.compile(rf"(?P<kept>{_KEPT})|(?<![\w.])\+?\(?\d(?:[\s().\-/]{{0,2}}\d){{7,}}(?!\w)")


def hide_secrets(text: str) -> str:
    """`key=…` keeps its name, everything else becomes `***`."""
    return _SECRETS.sub(_hide_secret, text)


def hide_phone_numbers(text: str) -> str:
    """`call +91 98765 43210` → `call ***10`."""
    return _NUMBERS.sub(_hide_number, text)


def _hide_secret(match: re.Match[str]) -> str:
    return f"{match['name']}={HIDDEN}" if match["name"] else HIDDEN


def _hide_number(match: re.Match[str]) -> str:
    if match["kept"]:
        return match[0]
    digits = re.sub(r"\D", "", match[0])
    if not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
        return match[0]
    return HIDDEN + digits[-DIGITS_SHOWN:]
