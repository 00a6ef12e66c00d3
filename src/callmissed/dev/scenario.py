"""What the simulated providers hear, think and say, and how long each takes.

Times are milliseconds. The defaults are published medians: 247 to a final after the last sound, 256
to a first token, 414 tokens a second, 188 to a first sound.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter

Hear = Literal["tones", "script"]
Speak = Literal["tones", "voice"]
Order = Literal["end_first", "final_first", "alternating"]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a caller is heard to say, once sound begins and ends. The words come one by one, evenly
    over the sound, as partials where the wire has them.
    """

    text: str
    language: str = "en-IN"


@dataclass(frozen=True, slots=True)
class Ears:
    """How speech is heard.

    `tones` reads the words of `dev.tones` out of what was really sent; `script` finds speech by its
    loudness and hears the next of `script` for each stretch of it, from the start again at its end.
    A final comes `processing_ms` after the end is known (the server's own `silence_ms`, or a
    flush), never sooner than `final_after_ms` after the last sound. `language` is reported where
    the client asked for detection; None reports the words' own. `phantom` is heard at each flush
    and at each noise that held no words. Without `heeds_flush` a flush changes nothing.
    """

    hear: Hear = "tones"
    script: tuple[Utterance, ...] = (Utterance("what are your opening hours"),)
    partial_after_ms: float = 75
    final_after_ms: float = 247
    processing_ms: float = 50
    silence_ms: float = 576
    order: Order = "end_first"
    heeds_flush: bool = True
    phantom: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that the model calls, with its arguments."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mind:
    """What the language models answer.

    `answers` are tried in their order: the first whose left side stands in the caller's last words
    (case ignored) answers with its right side; else `reply`. `{said}` in an answer is what the
    caller said. `calls` are called first, where the request has tools by those names and no result
    of theirs yet. `served_by` is the model that the answer names, where it is not the one asked.
    `reasoning` is thought aloud first by models that think, and takes
    `reasoning_ms` more. `cached_tokens` is the most of a
    prompt that counts as cached. `tells_usage` False leaves out the usage chunk.
    """

    reply: str = "You said: {said}."
    answers: tuple[tuple[str, str], ...] = ()
    calls: tuple[Call, ...] = ()
    first_token_ms: float = 256
    token_ms: float = 1000 / 414
    reasoning: str = "The caller asks something. I think about it step by step."
    reasoning_ms: float = 5700
    served_by: str = ""
    cached_tokens: int = 0
    tells_usage: bool = True


@dataclass(frozen=True, slots=True)
class Mouth:
    """How text is spoken: its first sound after `first_byte_ms`, then a second of sound in
    `real_time_factor` seconds, in messages of `chunk_ms`.

    `tones` speaks the words of `dev.tones`, `voice` speaks with this machine's own synthesis.
    `header` is how a WAV header comes on sockets: a message of its own, or before the first sound.
    `heads_raw` sends one before raw samples too.
    """

    speak: Speak = "tones"
    first_byte_ms: float = 188
    real_time_factor: float = 0.1
    chunk_ms: float = 100
    header: Literal["alone", "joined"] = "alone"
    heads_raw: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """One installation of simulated vendors.

    Keys that begin with `bad` are refused everywhere, and so is a missing one. `idle_s` is after
    how long a socket that hears nothing is closed.
    """

    ears: Ears = Ears()
    mind: Mind = Mind()
    mouth: Mouth = Mouth()
    idle_s: float = 60


SWIFT = Scenario(
    Ears(partial_after_ms=0, final_after_ms=0, processing_ms=0, silence_ms=200),
    Mind(first_token_ms=0, token_ms=0, reasoning_ms=0),
    Mouth(first_byte_ms=0, real_time_factor=0),
)
"""Nothing takes longer than it must: for tests that ask what, not when."""

_SCENARIO: TypeAdapter[Scenario] = TypeAdapter(Scenario)


def scenario_from(document: Any, base: Scenario) -> Scenario:
    """`base` with what `document`, a JSON object of the same shape, says otherwise.

    Raises ValueError for a field or value that does not exist.
    """
    return _SCENARIO.validate_python(_over(document, _SCENARIO.dump_python(base)), extra="forbid")


def scenario_document(scenario: Scenario) -> Any:
    """The scenario as JSON values."""
    return _SCENARIO.dump_python(scenario, mode="json")


def _over(changes: Any, base: Any) -> Any:
    if isinstance(changes, dict) and isinstance(base, dict):
        return base | {key: _over(value, base.get(key)) for key, value in changes.items()}
    return changes
