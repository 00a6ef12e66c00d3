"""What the agent says of its own accord: greeting, bridge, goodbye, and that it is still there."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from livekit.agents import NOT_GIVEN, AgentSession
from livekit.agents.voice.speech_handle import SpeechHandle

from callmissed.voice.answers import AnswerBook
from callmissed.voice.fillers import Clip
from callmissed.voice.speaking import Voice

GOODBYE_S = 6.0
CLIP_WAIT_S = 1.0
"""A greeting that is not recorded by then is synthesised while it is said."""

Result = TypeVar("Result")


class Remarks:
    """Each becomes a turn without words of the caller, interruptible like any other but the bridge:
    who talks on over a gap does not know that they were not heard. `opening` is what `greet` says;
    none where the call begins in silence.
    """

    def __init__(
        self, session: AgentSession[None], voice: Voice, book: AnswerBook, opening: str | None
    ) -> None:
        self._session = session
        self._voice = voice
        self._book = book
        self._opening = opening
        self._greeting: asyncio.Task[Clip] | None = None
        self._recording: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Returns at once; what will be said is being synthesised."""
        if self._opening:
            self._greeting = self._begin(self._voice.record(self._opening))
        self.complete_clips()

    async def aclose(self) -> None:
        for task in (tasks := list(self._tasks)):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def complete_clips(self) -> None:
        """Has what is missing recorded: at the start, and when a voice was heard again."""
        is_under_way = self._recording is not None and not self._recording.done()
        if not is_under_way and not self._voice.clips.are_complete:
            self._recording = self._begin(self._voice.clips.record_all())

    async def greet(self) -> None:
        """Once `start` was called."""
        if not self._opening or self._greeting is None:
            return
        await asyncio.wait([self._greeting], timeout=CLIP_WAIT_S)
        clip = self._greeting.result() if self._greeting.done() else b""
        self._say(self._opening, clip)

    def bridge(self) -> None:
        """Tells the caller that it was we who were away for a moment; returns at once."""
        self._say_clip(self._voice.clips.bridge)

    @property
    def can_take_leave(self) -> bool:
        """Without asking a voice that may be gone."""
        return bool(self._voice.clips.find(self._voice.clips.goodbye))

    async def take_leave(self) -> None:
        """Returns when the caller has heard it, or after `GOODBYE_S`."""
        handle = self._say_clip(self._voice.clips.goodbye)
        await asyncio.wait([asyncio.ensure_future(handle.wait_for_playout())], timeout=GOODBYE_S)

    def ask_to_wait(self) -> None:
        """The caller's words are late."""
        self._say_if_quiet(self._voice.clips.fillers[0])

    def tell_unheard(self) -> None:
        """The caller speaks and nobody can hear it."""
        self._say_if_quiet(self._voice.clips.unheard)

    def _begin(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Work beside the conversation, which ends with it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _say_if_quiet(self, text: str) -> None:
        if self._session.agent_state in ("listening", "idle"):
            self._say_clip(text, is_remembered=False)

    def _say_clip(self, text: str, *, is_remembered: bool = True) -> SpeechHandle:
        return self._say(text, self._voice.clips.find(text), is_remembered=is_remembered)

    def _say(self, text: str, clip: Clip, *, is_remembered: bool = True) -> SpeechHandle:
        """From its clip; synthesised where that is empty."""
        audio = self._voice.play(text, clip, self._book.current) if clip else NOT_GIVEN
        handle = self._session.say(
            text,
            audio=audio,
            allow_interruptions=text != self._voice.clips.bridge,
            add_to_chat_ctx=is_remembered,
        )
        answer = self._book.of(handle.id)
        answer.is_of_own_accord = True
        answer.generated = text
        answer.ask(None)
        return handle
