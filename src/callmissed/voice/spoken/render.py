"""One chunk of written text as it is said. The order of the rules is the order of their claims."""

import re

from callmissed.voice.spoken.counting import say_counting
from callmissed.voice.spoken.dates import say_dates
from callmissed.voice.spoken.dictionary import Dictionary
from callmissed.voice.spoken.endings import say_endings
from callmissed.voice.spoken.ids import say_ids
from callmissed.voice.spoken.links import say_links
from callmissed.voice.spoken.markup import strip_emphasis, strip_line_start, strip_links
from callmissed.voice.spoken.money import say_money
from callmissed.voice.spoken.phones import say_phones
from callmissed.voice.spoken.sheet import Scene, Sheet
from callmissed.voice.spoken.signs import say_signs
from callmissed.voice.spoken.times import say_times
from callmissed.voice.spoken.units import say_rates, say_units
from callmissed.voice.spoken.weekdays import say_weekdays

IN_NUMBERS = re.compile(r"[0-9½¼¾⅓⅔~≈<>≤≥±\uE000-\uF8FF]")
RULES = (
    say_dates,
    say_weekdays,
    say_times,
    say_phones,
    say_money,
    say_units,
    say_ids,
    say_counting,
    say_endings,
    say_rates,
)


def render(text: str, scene: Scene, dictionary: Dictionary) -> str:
    """The chunk in spoken words. The dictionary comes first, and nothing changes what it says."""
    sheet = Sheet(text)
    pattern = dictionary.pattern
    if pattern is not None:
        sheet.say(pattern, lambda match: dictionary.said(match.group()))
    if scene.starts_line:
        sheet.text = strip_line_start(sheet.text, scene.language)
    sheet.text = strip_links(sheet.text)
    say_links(sheet, scene)
    sheet.text = strip_emphasis(sheet.text)
    for rule in RULES if IN_NUMBERS.search(sheet.text) else (say_weekdays,):
        rule(sheet, scene)
    say_signs(sheet, scene)
    return sheet.spoken()
