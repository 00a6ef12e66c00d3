"""E-mail addresses as people say them; web addresses as "a link", a bare name of a site by its name."""

import re

from callmissed.voice.spoken.ids import spell_mixed
from callmissed.voice.spoken.languages import Language
from callmissed.voice.spoken.numbers import spell_digits
from callmissed.voice.spoken.sheet import Scene, Sheet, compiled

EMAIL = r"(?:mailto:)?(?P<user>[\w.+%-]{1,64})@(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"
REST, LAST = r"[^\s<>\"')\]]*", r"[^\s<>\"')\].,;:!?।*_]"
URL = rf"\b(?:https?|ftp|wss?|upi|tel|sms|whatsapp)://{REST}{LAST}|\bwww\.{REST}{LAST}"
ENDINGS = "com|in|co\\.in|org|net|io|ai|gov\\.in|nic\\.in|edu|ac\\.in|app|dev|me|info|biz|store|shop|online|tech|health"
SITE = (
    rf"(?<![\w@.])(?P<host>[A-Za-z][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*\.(?:{ENDINGS}))"
    r"(?P<path>/[^\s<>\"')\]]*)?(?![\w@])"
)
HANDLE = r"(?<![\w.])@(?P<name>[A-Za-z_][\w.]*\w)"


def say_links(sheet: Sheet, scene: Scene) -> None:
    """Takes addresses out of the reach of all other rules."""
    text, language = sheet.text, scene.language
    if "@" in text:
        sheet.say(compiled(EMAIL, re.ASCII), lambda match: _email(match, language))
        sheet.say(
            compiled(HANDLE, re.ASCII),
            lambda match: f"{language.say['at']} {_name(match['name'], language)}",
        )
    if "://" in text or "www." in text.lower():
        sheet.say(compiled(URL, re.IGNORECASE), lambda _: language.say["link"])
    if "." in text:
        sheet.say(compiled(SITE, re.ASCII), lambda match: _site(match, language))


def _email(match: re.Match[str], language: Language) -> str:
    return f"{_name(match['user'], language)} {language.say['at']} {_name(match['host'], language)}"


def _site(match: re.Match[str], language: Language) -> str:
    if (match["path"] or "/") != "/":
        return language.say["link"]
    return _name(match["host"], language)


def _name(text: str, language: Language) -> str:
    """The parts of an address: words as words, digits one by one, signs by their names."""
    say = language.say
    signs = {
        ".": say["dot"],
        "-": say["dash"],
        "_": say["underscore"],
        "+": say["plus"],
        "%": "percent",
    }
    parts: list[str] = []
    for part in re.findall(r"[A-Za-z]+|\d+|[^A-Za-z0-9]", text):
        if part.isalpha():
            parts.append(part)
        elif part.isdigit():
            parts.append(spell_digits(part, language))
        else:
            parts.append(signs.get(part) or spell_mixed(part, language))
    return " ".join([part for part in parts if part])
