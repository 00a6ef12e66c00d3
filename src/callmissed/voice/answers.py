"""What is known of one utterance and of one answer while they happen."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from livekit.agents.voice.agent_activity import _SpeechHandleContextVar

from callmissed.domain.knowledge import Retrieval
from callmissed.domain.lines import Playhead
from callmissed.domain.tools import ToolCall, ToolResult
from callmissed.voice.candidates import Choices
from callmissed.voice.script import Script
from callmissed.voice.stopwatch import Instants


@dataclass(slots=True)
class Utterance:
    """What the caller said in one turn. Instants are monotonic seconds.

    `end_s` is the last sound as it arrived, `final_words_s` when the last of the words were known,
    `endpoint_s` when the turn was decided to be over. `hearing` is who heard it, and what happened
    to recognisers meanwhile.
    """

    words: str
    language: str
    onset_s: float
    end_s: float
    final_words_s: float | None
    endpoint_s: float
    hearing: Mapping[str, Any] = field(default_factory=dict)


WORDS_LEFT_OF_QUESTION = 3


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """A tool that was run for an answer, and what came of it."""

    call: ToolCall
    result: ToolResult


@dataclass(slots=True)
class Answer:
    """One speech of the agent, from its first guess to its last sound.

    `asked` is set when the caller's turn is confirmed (at once for what the agent says of its own
    accord); `changed` with it, and whenever there is more sound. `owes_apology` says that the
    words end before the answer does. `choices` are the models it came from and those that were left,
    `fillers` what was said while the caller waited. `playhead` is there while its sound plays.
    `is_at_work` while a tool runs for it; `ends_call`: the agent hangs up when it was heard.
    """

    speech_id: str = ""
    is_of_own_accord: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    utterance: Utterance | None = None
    script: Script = field(default_factory=Script)
    instants: Instants = field(default_factory=Instants)
    generated: str = ""
    llm_model: str = ""
    retrieval: Retrieval | None = None
    failure: str = ""
    owes_apology: bool = False
    tools: list[ToolUsed] = field(default_factory=list)
    is_at_work: bool = False
    ends_call: bool = False
    choices: Choices = field(default_factory=Choices)
    fillers: list[str] = field(default_factory=list)
    heard: str = ""
    played_s: float = 0.0
    playhead: Playhead | None = None
    silent_s: float | None = None
    barge_in_s: float | None = None
    false_alarms: int = 0

    def ask(self, utterance: Utterance | None) -> None:
        """It will be said: as the answer to this utterance, or of the agent's own accord."""
        self.utterance = utterance
        self.asked.set()
        self.changed.set()

    def asks_for_reply(self) -> bool:
        """Whether it ends with a question that the caller has nearly heard out."""
        text = self.script.text.rstrip()
        left = text.removeprefix(self.script.heard(self.position_s()).rstrip())
        return text.endswith("?") and len(left.split()) <= WORDS_LEFT_OF_QUESTION

    def position_s(self) -> float:
        """How much of its present sound has left for the caller."""
        return self.playhead.played_s if self.playhead is not None else 0.0


def current_speech_id() -> str | None:
    """The engine's speech in whose task this is called; None outside of one.

    The engine has no public way to ask: it keeps the speech in a context variable.
    """
    handle = _SpeechHandleContextVar.get(None)
    return handle.id if handle is not None else None


class AnswerBook:
    """The answers under way, by the id of the engine's speech."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}

    def of(self, speech_id: str) -> Answer:
        return self._answers.setdefault(speech_id, Answer(speech_id))

    def current(self) -> Answer:
        """The answer in whose task this is called. Raises RuntimeError outside of one."""
        answer = self.find_current()
        if answer is None:
            raise RuntimeError("Called outside of a speech of the engine.")
        return answer

    def find_current(self) -> Answer | None:
        speech_id = current_speech_id()
        return self.of(speech_id) if speech_id is not None else None

    def drop(self, speech_id: str) -> Answer | None:
        return self._answers.pop(speech_id, None)

    def drop_all(self) -> list[Answer]:
        left = list(self._answers.values())
        self._answers.clear()
        return left
