"""Runs a call in this process: its terms, its sink, its orders, its desk."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from callmissed.domain.calls import (
    TURN_TAKING_PRESETS,
    CallEnded,
    CallNote,
    CallOrder,
    CallSink,
    CallTerms,
    TurnFinished,
)
from callmissed.domain.knowledge import Passage, Retrieval
from callmissed.domain.lines import CallerHere, LineClosed
from callmissed.domain.tools import ToolCall, ToolResult
from callmissed.domain.turns import Turn
from callmissed.kit.clock import Clock, utc_now
from callmissed.providers import Models
from callmissed.runtime.call import BuildModels, run_call
from callmissed.runtime.desk import PassageDesk
from callmissed.runtime.tools import NoTools, Tools
from callmissed.voice.sentence_cache import SentenceCache
from tests.voice.callers import MemoryLine
from tests.voice.fakes import ROUTE

BUILT_RATE_HZ = 24_000


class Notes:
    """A sink that keeps its notes, and can be waited on; `behind` gets them first."""

    def __init__(self, behind: CallSink | None = None) -> None:
        self.all: list[CallNote] = []
        self._behind = behind
        self._more = asyncio.Event()

    def put(self, note: CallNote) -> None:
        if self._behind is not None:
            self._behind.put(note)
        self.all.append(note)
        self._more.set()

    @property
    def turns(self) -> list[Turn]:
        return [note.turn for note in self.all if isinstance(note, TurnFinished)]

    @property
    def ends(self) -> list[CallEnded]:
        return [note for note in self.all if isinstance(note, CallEnded)]

    async def until(self, wanted: Callable[["Notes"], bool], within_s: float = 15.0) -> None:
        async with asyncio.timeout(within_s):
            while not wanted(self):
                self._more.clear()
                await self._more.wait()


@dataclass
class Plan:
    session_terms: CallTerms

    async def terms(self) -> CallTerms:
        return self.session_terms


class Orders:
    def __init__(self) -> None:
        self._queue: asyncio.Queue[CallOrder] = asyncio.Queue()

    def give(self, order: CallOrder) -> None:
        self._queue.put_nowait(order)

    async def __aiter__(self) -> AsyncIterator[CallOrder]:
        while True:
            yield await self._queue.get()


class NoWarm:
    """Scripted models share nothing."""


@dataclass
class RunningCall:
    """A call under way in this process."""

    line: MemoryLine
    notes: Notes
    orders: Orders
    task: asyncio.Task[None]

    async def hang_up(self) -> None:
        self.line.tell(LineClosed("test over"))
        await self.task


@dataclass
class FixedDesk:
    """Answers every question with the same passages."""

    retrieval: Retrieval = field(default_factory=lambda: Retrieval((), 0.0))
    asked: list[str] = field(default_factory=list)
    tools: Tools = field(default_factory=NoTools)

    async def retrieve(self, words: str, earlier: Sequence[str] = ()) -> Retrieval:
        self.asked.append(words)
        return self.retrieval

    async def run_tool(self, call: ToolCall) -> ToolResult:
        return await self.tools.run_tool(call)

    def restore_room(self) -> None:
        """There is no room."""


def terms(**changes: object) -> CallTerms:
    values: dict[str, object] = {
        "session_id": uuid4(),
        "tenant_id": uuid4(),
        "epoch": 1,
        "room": "voice-test",
        "room_url": "",
        "room_token": "",
        "system_prompt": "You are the clinic's receptionist.",
        "greeting": "Hello, how can I help?",
        "route": ROUTE,
        "turn_taking": TURN_TAKING_PRESETS["balanced"],
        "passages": (),
        "max_duration_s": 60.0,
        "join_window_s": 10.0,
        "reconnect_window_s": 5.0,
    }
    values.update(changes)
    return CallTerms(**values)  # type: ignore[arg-type]


def start_call(
    models: Models | None,
    *,
    desk: FixedDesk | None = None,
    passages: tuple[Passage, ...] = (),
    caller_is_here: bool = True,
    microphone_is_on: bool = True,
    sentences: SentenceCache | None = None,
    build: BuildModels | None = None,
    sink: CallSink | None = None,
    **changes: object,
) -> RunningCall:
    """Runs a call over a line in memory, with the caller there from the start. Without `models`,
    `build` makes them. `sink` is told what the notes are told.
    """
    rate_hz = models.tts[0].engine.sample_rate if models else BUILT_RATE_HZ
    line = MemoryLine(rate_hz, microphone_is_on=microphone_is_on)
    notes, orders = Notes(sink), Orders()

    async def open_line(_terms: CallTerms, _rate_hz: int) -> MemoryLine:
        return line

    task = asyncio.create_task(
        run_call(
            Plan(terms(passages=passages, **changes)),
            desk or PassageDesk(()),
            notes,
            orders,
            NoWarm(),  # type: ignore[arg-type]
            open_line=open_line,
            build=build or (lambda _route, _access, _warm, _passages, _meter: models),
            sentences=sentences,
            clock=Clock(utc_now, time.monotonic),
        )
    )
    if caller_is_here:
        line.tell(CallerHere())
    return RunningCall(line, notes, orders, task)
