"""What is known of one utterance and of one answer while they happen."""

from dataclasses import dataclass, field

from livekit.agents.voice.agent_activity import _SpeechHandleContextVar

from callmissed.domain.knowledge import Retrieval
from callmissed.voice.script import Script
from callmissed.voice.stopwatch import Instants


@dataclass(slots=True)
class Utterance:
    """What the caller said in one turn. Instants are monotonic seconds.

    `end_s` is the last sound as it arrived, `final_words_s` when the last of the words were known,
    `endpoint_s` when
    the turn was decided to be over.
    """

    words: str
    language: str
    onset_s: float
    end_s: float
    final_words_s: float | None
    endpoint_s: float


@dataclass(slots=True)
class Answer:
    """One speech of the agent, from its first guess to its last sound."""

    is_greeting: bool = False
    utterance: Utterance | None = None
    script: Script = field(default_factory=Script)
    instants: Instants = field(default_factory=Instants)
    generated: str = ""
    retrieval: Retrieval | None = None
    failure: str = ""
    heard: str = ""
    played_s: float = 0.0
    silent_s: float | None = None
    barge_in_s: float | None = None


class AnswerBook:
    """The answers under way, by the id of the engine's speech."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}

    def of(self, speech_id: str) -> Answer:
        return self._answers.setdefault(speech_id, Answer())

    def current(self) -> Answer:
        """The answer in whose task this is called. Raises RuntimeError outside of one."""
        answer = self.find_current()
        if answer is None:
            raise RuntimeError("Called outside of a speech of the engine.")
        return answer

    def find_current(self) -> Answer | None:
        """The engine has no public way to ask: it keeps the speech in a context variable."""
        handle = _SpeechHandleContextVar.get(None)
        return self.of(handle.id) if handle is not None else None

    def drop(self, speech_id: str) -> Answer | None:
        return self._answers.pop(speech_id, None)

    def drop_all(self) -> list[Answer]:
        left = list(self._answers.values())
        self._answers.clear()
        return left
