"""A call's transcript as people read it: plain text and SubRip subtitles.

Words come from callers and language models, so neither a line break nor an arrow of theirs may
look like ours.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from callmissed.domain.turns import StoredTurn, Turn

USER = "User"
AGENT = "Agent"

SHORTEST_CUE_MS = 1
LONGEST_HOUR = 99

_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]")
_INVISIBLE = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_ARROW = re.compile(r"-{2,}>")
_SPEAKER = re.compile(rf"(^|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029])\s*({USER}|{AGENT})\s*:", re.I)
_TIMES = re.compile(r"(\d\d):(\d\d):(\d\d),(\d{3}) --> (\d\d):(\d\d):(\d\d),(\d{3})")


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle; times in ms from the session's first moment, `end_ms` after `start_ms`."""

    start_ms: int
    end_ms: int
    speaker: str
    words: str


def render_text(turns: Iterable[StoredTurn]) -> str:
    """`User:` and `Agent:` lines, one for each side that spoke; empty for a silent call."""
    lines = [f"{speaker}: {words}" for stored in turns for speaker, words in _spoken(stored.turn)]
    return "".join(f"{line}\n" for line in lines)


def render_srt(turns: Iterable[StoredTurn]) -> str:
    """SubRip: numbered cues in order of time, a blank line after each."""
    cues = [cue for stored in turns for cue in cues_of(stored.turn)]
    return "".join(
        f"{number}\n{_clock(cue.start_ms)} --> {_clock(cue.end_ms)}\n{cue.speaker}: {cue.words}\n\n"
        for number, cue in enumerate(cues, 1)
    )


def parse_srt(text: str) -> list[Cue]:
    """The cues of `render_srt`. Raises ValueError for anything else."""
    cues: list[Cue] = []
    for block in text.split("\n\n")[:-1]:
        number, times, line = block.split("\n")
        match = _TIMES.fullmatch(times)
        speaker, colon, words = line.partition(": ")
        if match is None or not colon or int(number) != len(cues) + 1:
            raise ValueError(f"cue {len(cues) + 1} cannot be read")
        fields = [int(field) for field in match.groups()]
        cues.append(Cue(_ms(fields[:4]), _ms(fields[4:]), speaker, words))
    return cues


def cues_of(turn: Turn) -> list[Cue]:
    """The caller's words from the onset to the end of speech, the agent's from its first sound."""
    start_ms = max(0, turn.offset_ms)
    end_ms = start_ms + max(turn.duration_ms, SHORTEST_CUE_MS)
    spoken = dict(_spoken(turn))
    heard_ms = min(start_ms + max(turn.speech_ms, SHORTEST_CUE_MS), end_ms)
    answer_ms = start_ms
    if USER in spoken:
        answer_ms = heard_ms + (turn.first_audio_ms or 0)
    answer_ms = max(start_ms, min(answer_ms, end_ms - SHORTEST_CUE_MS))
    times = {USER: (start_ms, heard_ms), AGENT: (answer_ms, end_ms)}
    return [Cue(*times[speaker], speaker, words) for speaker, words in spoken.items()]


def one_line(words: str) -> str:
    """The words on one line: a line that poses as a speaker loses its colon, an arrow its form."""
    visible = _CONTROLS.sub(" ", _INVISIBLE.sub("", words))
    plain = _SPEAKER.sub(r"\1\2 –", visible)
    return _ARROW.sub("→", _BREAKS.sub(" ", plain)).strip()


def _spoken(turn: Turn) -> list[tuple[str, str]]:
    said = ((USER, one_line(turn.user_transcript or "")), (AGENT, one_line(turn.agent_response)))
    return [(speaker, words) for speaker, words in said if words]


def _clock(moment_ms: int) -> str:
    seconds, ms = divmod(moment_ms, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{min(hours, LONGEST_HOUR):02}:{minute:02}:{second:02},{ms:03}"


def _ms(fields: list[int]) -> int:
    hours, minutes, seconds, ms = fields
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms
