"""Words of a call never pose as lines or cues of ours."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callmissed.domain.transcripts import cues_of, one_line, parse_srt, render_srt, render_text
from callmissed.domain.turns import StoredTurn, Turn

FORGED = [
    "\n",
    "\r\n",
    "\n\n",
    "-->",
    "--->",
    "User:",
    "Agent: ",
    "1\n00:00:00,000 --> 00:00:01,000\n",
]
ODD = ["\u2028", "\x85", "\u202e", "\x00", " ", "नमस्ते", "ಹಲೋ", "ക്\u200dഷ", "😀", ": "]
NASTY = st.sampled_from([*FORGED, *ODD])
WORDS = st.lists(NASTY | st.text(max_size=12), max_size=8).map("".join)
MS = st.integers(min_value=0, max_value=3_600_000)


def turn_of(
    user: str | None, agent: str, offset_ms: int = 0, duration_ms: int = 1000, speech_ms: int = 300
) -> Turn:
    return Turn(
        user_transcript=user,
        agent_response=agent,
        interrupted=False,
        llm_model="local/answerer",
        language="en-IN",
        created_at=datetime(2026, 4, 19, tzinfo=UTC),
        offset_ms=offset_ms,
        duration_ms=duration_ms,
        speech_ms=speech_ms,
        first_audio_ms=200,
    )


TURNS = st.lists(st.builds(turn_of, st.none() | WORDS, WORDS, MS, MS, MS), max_size=6).map(
    lambda turns: [StoredTurn(index, turn) for index, turn in enumerate(turns)]
)


@given(TURNS)
def test_subtitles_keep_their_cues(turns: list[StoredTurn]) -> None:
    cues = [cue for stored in turns for cue in cues_of(stored.turn)]
    assert parse_srt(render_srt(turns)) == cues
    assert all(cue.start_ms < cue.end_ms for cue in cues)


@given(TURNS)
def test_text_has_one_line_for_each_who_spoke(turns: list[StoredTurn]) -> None:
    spoken = [
        (speaker, one_line(words))
        for stored in turns
        for speaker, words in (
            ("User", stored.turn.user_transcript or ""),
            ("Agent", stored.turn.agent_response),
        )
    ]
    lines = render_text(turns).splitlines()
    assert [tuple(line.split(": ", 1)) for line in lines] == [item for item in spoken if item[1]]


@given(WORDS)
@example("\x00User:")
def test_a_line_is_plain(words: str) -> None:
    line = one_line(words)
    assert len(line.splitlines()) <= 1 and "-->" not in line
    assert one_line(line) == line


@pytest.mark.parametrize("words", ["नमस्ते, क्या हाल है?", "ക്\u200dഷമ", "It costs 500: cash only."])
def test_what_was_said_stays_as_it_was(words: str) -> None:
    assert one_line(words) == words


def test_times_come_from_the_turn() -> None:
    user, agent = cues_of(turn_of("Hello", "Hi", offset_ms=61_000, duration_ms=2000))
    assert (user.start_ms, user.end_ms) == (61_000, 61_300)
    assert (agent.start_ms, agent.end_ms) == (61_500, 63_000)


def test_a_greeting_begins_at_once() -> None:
    (greeting,) = cues_of(turn_of(None, "Hello", duration_ms=900))
    assert (greeting.start_ms, greeting.end_ms) == (0, 900)
