"""English words as a search sees them: which mean nothing, which the same, what an ending hides."""

import re

_STOP = """
    a about actually after again all also am an and any anybody anyone anything are as at be been
    being but by can cannot could did do does doing done else er for from get gets getting give
    gives got had has have having he hello help her here hey hi him his how however i if in into is
    it its just kind know let like look looking looks many may maybe me mean might mine more much must my need
    needed needs no not now of off oh ok okay on one or other our ours out over please possible
    question really right said say see she should so some somebody someone something sort still
    sure tell than thank thanks that the their them then there these they thing things think this
    those to too um up us uh very want wanted wants was we well were what whatever when where which
    while who whom whose why will wish with would yes yet you your yours im ive id youre dont doesnt
    cant isnt arent whats wheres whens hows theres lets ill youve didnt wont couldnt
    wouldnt"""

_WEAK = """bring come coming day days find go going guys long make offer people place put take takes
    taking time times today tomorrow try use using way work works yesterday allow allowed able ask
    happen happens first last next new old good best early soon ahead before until there speak talk
    provide available currently usually exactly ever enough"""

_COMMON = """
    accept add agree appear apply area arrive bad become begin believe big body boy brother build
    business car carry case charge check choose city collect company complete consider contact
    continue country cool dad daughter decide depend detail different drive drop early easy end
    enter exact example explain extra fact fail family fast father feel fill fine finish follow
    forget form friend full girl great hand handle happy hard head high hold home hope hour house
    husband idea important include inform information issue join keep kids lady large late later
    learn leave life line list little lose lot low main man meet mention minute miss mom moment
    money month morning mother move name near nearby necessary nice night normal notice number
    obtain order own parent part particular partner pass perfect person personal pick plan point
    prefer prepare present problem program push read ready real reason receive recommend regarding
    register remember request require return run seem sell send serve service set short show side
    sign simple single sister sit small son special stand start stay stop street strong suggest
    support switch system teach top town touch true turn type understand visit wait walk week whole
    wife woman wonder world worry write wrong year yourself young"""

STOP_WORDS = frozenset(_STOP.split())
WEAK_WORDS = frozenset(_WEAK.split())
COMMON_WORDS = frozenset(_COMMON.split())
"""Words that mean something, but that a text which answers may well do without."""

_SYNONYM_GROUPS = """
cost price fee charge rate tariff amount expensive cheap pay
open opening hour timing schedule close closing shut
address location locate situate direction reach find
doctor physician dr
phone telephone mobile number call
email mail
cancel cancellation annul
move reschedule change postpone shift
book booking appointment reserve reservation arrange
pay payment settle
cash notes
card credit debit
insurance insurer insured cover coverage
child kid baby son daughter infant toddler
vaccination vaccine vaccinate shot jab immunization inoculation
emergency urgent ambulance accident
holiday festival
result report outcome
prescription medicine medication refill drug pill tablet
pharmacy chemist
tooth toothache dental dentist
image picture photo
elevator lift
skin rash dermatologist
wheelchair disabled disability accessible accessibility ramp
parking park
wait waiting queue
metro subway train bus station transport
refund return
deliver delivery ship shipping
buy purchase
free gratis
begin start
end finish
job vacancy hiring
arrive arrival
eye optician optical
lab laboratory
sample specimen
"""

_IRREGULAR = {
    "children": "child",
    "men": "man",
    "women": "woman",
    "teeth": "tooth",
    "feet": "foot",
    "people": "person",
    "paid": "pay",
    "took": "take",
    "came": "come",
    "went": "go",
    "bought": "buy",
    "sold": "sell",
    "taken": "take",
    "given": "give",
    "gave": "give",
    "seen": "see",
    "saw": "see",
    "gone": "go",
    "kept": "keep",
    "left": "leave",
    "sent": "send",
    "told": "tell",
    "found": "find",
    "made": "make",
    "brought": "bring",
    "spoken": "speak",
    "spoke": "speak",
}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKEND = ("saturday", "sunday")

_RANGE = re.compile(
    rf"\b({'|'.join(WEEKDAYS)})s? (?:to|till|until|through|–|-) ({'|'.join(WEEKDAYS)})"
)
_DOUBLED = re.compile(r"([b-df-hj-np-tv-z])\1$")
_ENDINGS = (
    ("isation", 4),
    ("ization", 4),
    ("ations", 3),
    ("ation", 3),
    ("ating", 3),
    ("ated", 3),
    ("ates", 3),
    ("ate", 3),
    ("ings", 3),
    ("ing", 3),
    ("ies", 3),
    ("ied", 3),
    ("ed", 3),
    ("es", 3),
    ("s", 3),
)


def stem(word: str) -> str:
    """What is left without an English ending: `parking`, `parked` → `park`; else the word itself.

    Only good for comparing: the rest need not be a word. Other scripts are left as they are.
    """
    word = _IRREGULAR.get(word, word)
    if not word.isascii() or len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    for ending, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            word = word[: -len(ending)] + ("y" if ending in ("ies", "ied") else "")
            break
    word = _DOUBLED.sub(r"\1", word)
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def days_in(text: str) -> frozenset[str]:
    """The weekdays that a text speaks of, also those inside "Monday to Friday", and `weekend`."""
    plain = text.lower()
    days = {day for day in WEEKDAYS if day in plain}
    for first, last in _RANGE.findall(plain):
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last)
        span = range(start, end + 1 if end >= start else end + 8)
        days |= {WEEKDAYS[number % 7] for number in span}
    if re.search(r"\b(every|each) day\b|\bdaily\b|\ball week\b", plain):
        days |= set(WEEKDAYS)
    if re.search(r"\b(working|business) days?\b|\bweekdays?\b", plain):
        days |= set(WEEKDAYS[:5])
    if "weekend" in plain:
        days |= set(WEEKEND)
    if days & set(WEEKEND):
        days.add("weekend")
    return frozenset(days)


def _read_groups(text: str) -> dict[str, frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for line in text.strip().splitlines():
        stems = {stem(word) for word in line.split()}
        for name in stems:
            groups.setdefault(name, set()).update(stems - {name})
    return {name: frozenset(others) for name, others in groups.items()}


SYNONYMS = _read_groups(_SYNONYM_GROUPS)
"""By stem: the stems that mean about the same."""
