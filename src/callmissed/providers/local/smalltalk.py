"""What people say on a call that no document answers: greetings, thanks, "say that again"."""

import re
from collections.abc import Sequence

from callmissed.kit.lexical import terms_of, words_of

UNKNOWN = "I don't know that; it is not in the documents I have."
ASK_AGAIN = "Sorry, I did not catch that. Could you say it again?"

_HELLO = "Hello! What would you like to know?"
_WELCOME = "You are welcome. Is there anything else you would like to know?"
_GOODBYE = "Thank you for calling. Goodbye!"
_ASSISTANT = "I am an automated assistant. I answer from the documents I was given."
_FINE = "I am fine, thank you. What would you like to know?"
_GO_ON = "What would you like to know?"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"^(?:{pattern})$"), reply)
    for pattern, reply in (
        (
            r".*\b(who|what) are you|(?:.* )?are you (?:a |an )?(?:\w+ )?"
            r"(?:robot|human|machine|computer|person|bot|real|assistant|ai)"
            r"|(?:.* )?what (?:is )?your name"
            r"|(?:.* )?who am i (?:talking|speaking) (?:to|with)",
            _ASSISTANT,
        ),
        (r"(?:hello |hi |hey )?how are you(?: doing)?(?: today)?", _FINE),
        (
            r"(?:.* )?(?:good ?bye|bye|bye bye|see you|good night|have a (?:nice|good) day)",
            _GOODBYE,
        ),
        (
            r"(?:no |nope )?(?:thanks |thank you )?(?:that is|thats|that s) (?:all|it)(?: .*)?",
            _GOODBYE,
        ),
        (r"(?:no|nope|nothing)(?: .*)?(?:thanks?|thank you|else)(?: .*)?", _GOODBYE),
        (r"(?:.* )?(?:thanks|thank you|thank you very much|thanks a lot)(?: so much)?", _WELCOME),
        (
            r"(?:oh |um |uh )*(?:hello|hi|hey|good (?:morning|afternoon|evening))"
            r"(?: there| hello)?",
            _HELLO,
        ),
        (r"(?:yes|yeah|yep|sure|okay|ok|alright|all right|please)(?: please)?", _GO_ON),
        (r"no|nope|nothing", _GOODBYE),
    )
)
_REPEAT = re.compile(
    r"\b(?:repeat|say|tell me)\b.*\bagain\b|\brepeat (?:that|it|please)|\bcan you repeat\b|^repeat$"
    r"|^(?:sorry )?(?:pardon|what|come again|again)(?: me| please)?$|what did you (?:just )?say"
)
_ABILITIES = re.compile(
    r"what can (?:you|i) (?:do|ask|tell|help)|how can you help|what do you know|^help(?: me)?$"
)


def small_talk(words: str, last_reply: str, headings: Sequence[str]) -> str | None:
    """A reply that needs no document; None for what may be a question to them."""
    plain = " ".join(words_of(words))
    if not plain:
        return ASK_AGAIN
    if _REPEAT.search(plain):
        return last_reply or _HELLO
    if _ABILITIES.search(plain):
        return _abilities(headings)
    for pattern, reply in _RULES:
        if pattern.search(plain) and (reply is not _WELCOME or not _holds_question(plain)):
            return reply
    return None


def _holds_question(plain: str) -> bool:
    """Thanks may stand before or behind a question; then the question counts."""
    return any(term.weight >= 1 for term in terms_of(plain))


def _abilities(headings: Sequence[str]) -> str:
    topics = list(dict.fromkeys(heading.rsplit("›", 1)[-1].strip().lower() for heading in headings))
    named = [topic for topic in topics if topic][:3]
    if not named:
        return "I can answer questions from the documents I was given. What would you like to know?"
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"
    return f"You can ask me about {listed}."
