"""Passwords that are long enough and still among the first that are tried."""

import re

LONGEST_PERIOD = 6
MIN_DIFFERENT = 5
RUN_CHARS = 9

# Rows of keyboards, the alphabet and digits, forwards; backwards counts as well.
_WALKS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "azertyuiopqsdfghjklmwxcvbn",
)

# Words and sayings that most long passwords of leaked lists are made of.
_WORDS = frozenset(
    """
    abc access account admin administrator alexander america anthony apple arsenal asdf asdfgh
    asdfghjkl assword austin bailey banana baseball basketball batman beautiful benjamin blink
    buster butterfly callmissed changeit changeme charlie cheese chelsea chicken chocolate christian
    christopher computer cookie correcthorsebatterystaple corvette cricket daniel default delhi demo
    dragon elizabeth everton facebook fckgwrhqq flower football forever freedom friends ganesh
    ginger google guest hannah harley hello hellohello helloworld hunter iloveu iloveyou india
    internet jasmine jennifer jessica jesus jesuschrist jordan joshua jsbach justin killer
    krishna letmein linkedin liverpool login love loveme lovely lovelove lover loveyou manchester
    master matrix matthew maverick mercedes metallica michael michelle microsoft monkey mumbai
    mustang mylove mynameis myspace nicole ninja nothing office orange pass passord passphrase
    passw0rd password patrick pepper phoenix picture pokemon princess purple qwe qwer qwert qwerty
    qwertyui qwertyuiop rainbow ranger raspberry receptionist robert root samsung secret service
    shadow shivam snoopy soccer spiderman starwars sunshine superman support sweetheart system
    temp temppassword tennis test tester testing thankyou thomas thunder tigger tinkerbell trustno
    twitter unknown user username victoria victory vodafone welcome whatever william winter
    wordpass yankees yourname zaq zxcvbn zxcvbnm
    """.split()  # noqa: SIM905
)
_LEET = str.maketrans("@4301$5!7", "aaeoissit")
_EDGES = re.compile(r"^[\d\W_]+|[\d\W_]+$")


def is_common(password: str) -> bool:
    """True for a known word or two of them with digits around, a walk over the keys, a repetition.

    Meant for passwords of twelve characters and more: shorter ones are refused for being short.
    """
    plain = password.lower()
    if len(set(plain)) < MIN_DIFFERENT or _repeats(plain) or _walks(plain):
        return True
    bare = _EDGES.sub("", plain)
    return any(_is_words(form) for form in (bare, bare.translate(_LEET), plain.translate(_LEET)))


def _repeats(text: str) -> bool:
    return any(
        text == (text[:period] * len(text))[: len(text)] for period in range(1, LONGEST_PERIOD + 1)
    )


def _walks(text: str) -> bool:
    """Whether nearly all of it is one walk."""
    run = max(RUN_CHARS, len(text) - 3)
    pieces = {text[start : start + run] for start in range(len(text) - run + 1)}
    return any(piece in walk or piece[::-1] in walk for walk in _WALKS for piece in pieces)


def _is_words(text: str) -> bool:
    letters = re.sub(r"[\W_]+", "", text)
    return not letters or any(
        letters[:cut] in _WORDS and (cut == len(letters) or letters[cut:] in _WORDS)
        for cut in range(1, len(letters) + 1)
    )
