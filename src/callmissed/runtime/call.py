"""Runs one call from its claim to its end: line, conversation, deadlines, and the notes of what
happened."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from livekit.agents.voice import io

from callmissed.domain.calls import (
    CallDesk,
    CallEnded,
    CallerArrived,
    CallOrders,
    CallPlan,
    CallSink,
    CallTerms,
    OrderKind,
    TurnFinished,
)
from callmissed.domain.knowledge import Passage
from callmissed.domain.lines import (
    CallerHere,
    CallerLeft,
    CallerLost,
    Captions,
    LineClosed,
    LineNews,
    Playhead,
)
from callmissed.domain.models import Access, Route
from callmissed.domain.sessions import CALLER_IDENTITY, EndReason
from callmissed.kit.clock import SYSTEM_CLOCK, Clock
from callmissed.providers import Models, Warm, build_models
from callmissed.transports.livekit_room import RoomLine
from callmissed.voice.conversation import Conversation
from callmissed.voice.spoken import load_tables

logger = logging.getLogger(__name__)


class Line(Protocol):
    """What a transport gives a call."""

    @property
    def sound_in(self) -> io.AudioInput: ...
    @property
    def sound_out(self) -> io.AudioOutput: ...
    @property
    def playhead(self) -> Playhead: ...
    @property
    def captions(self) -> Captions: ...
    def news(self) -> AsyncIterator[LineNews]: ...
    async def aclose(self) -> None: ...


OpenLine = Callable[[CallTerms, int], Awaitable[Line]]
BuildModels = Callable[[Route, Mapping[str, Access], Warm, tuple[Passage, ...]], Models]


def prepare_process() -> None:
    """Reads once what every call of this process would read in its first turn; blocks for about a second."""
    load_tables()


async def open_room_line(terms: CallTerms, tts_rate_hz: int) -> Line:
    """Joins the session's LiveKit room. Raises ConnectionError when it is not there."""
    line = RoomLine(caller_identity=CALLER_IDENTITY, tts_rate_hz=tts_rate_hz)
    try:
        await line.connect(terms.room_url, terms.room_token)
    except BaseException:
        await line.aclose()
        raise
    return line


async def run_call(
    plan: CallPlan,
    desk: CallDesk,
    sink: CallSink,
    orders: CallOrders,
    warm: Warm,
    *,
    open_line: OpenLine = open_room_line,
    build: BuildModels = build_models,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Returns when the call is over and its line closed; exactly one `CallEnded` was put then.

    Raises LookupError, with no note put, when the plan knows that there is nothing to run.
    Cancelling it ends
    the call as an error.
    """
    call = _Call(await plan.terms(), sink, clock)
    try:
        await call.run(desk, orders, warm, open_line, build)
    except asyncio.CancelledError:
        call.end(EndReason.ERROR, "the worker stopped")
        raise
    except Exception as error:
        logger.exception("the call broke off")
        call.end(EndReason.ERROR, f"{type(error).__name__}: {error}")
    finally:
        call.tell_end()


@dataclass(frozen=True, slots=True)
class _End:
    reason: EndReason
    detail: str


class _Call:
    """The state of one run: who is there, and why it ends. The first reason given stands."""

    def __init__(self, terms: CallTerms, sink: CallSink, clock: Clock) -> None:
        self._terms = terms
        self._sink = sink
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[_End] = self._loop.create_future()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._conversation: Conversation | None = None
        self._has_arrived = False
        self._was_greeted = False
        self._caller_is_away = False

    def end(self, reason: EndReason, detail: str = "") -> None:
        if not self._ended.done():
            self._ended.set_result(_End(reason, detail))

    async def run(
        self,
        desk: CallDesk,
        orders: CallOrders,
        warm: Warm,
        open_line: OpenLine,
        build: BuildModels,
    ) -> None:
        self._set_timer("join", self._terms.join_window_s, EndReason.NEVER_JOINED)
        models = build(self._terms.route, self._terms.access, warm, self._terms.passages)
        line: Line | None = None
        try:
            line = await open_line(self._terms, models.tts[0].engine.sample_rate)
            self._conversation = self._converse(line, models, desk)
            await self._conversation.start()
            await self._watch(line, orders)
        finally:
            self._stop_timers()
            await self._close(line, models)

    def tell_end(self) -> None:
        """Puts the one `CallEnded`."""
        self._stop_timers()
        end = self._ended.result() if self._ended.done() else _End(EndReason.ERROR, "no reason")
        spoken = self._conversation
        self._sink.put(
            CallEnded(
                reason=end.reason,
                caller_audio_s=spoken.caller_audio_s if spoken else 0.0,
                agent_audio_s=spoken.agent_audio_s if spoken else 0.0,
                detail=end.detail,
            )
        )

    def _converse(self, line: Line, models: Models, desk: CallDesk) -> Conversation:
        return Conversation(
            self._terms,
            ears=models.stt[0].engine,
            mind=models.llm[0].engine,
            mouth=models.tts[0].engine,
            desk=desk,
            sound_in=line.sound_in,
            sound_out=line.sound_out,
            playhead=line.playhead,
            captions=line.captions,
            clock=self._clock,
            tell_turn=lambda turn: self._sink.put(TurnFinished(turn)),
            on_arrival=self._note_arrival,
            on_failure=lambda detail: self.end(EndReason.ERROR, detail),
        )

    async def _watch(self, line: Line, orders: CallOrders) -> None:
        """Until somebody gives a reason to end."""
        watchers = [
            asyncio.create_task(self._follow_line(line), name="follow line"),
            asyncio.create_task(self._follow_orders(orders), name="follow orders"),
        ]
        try:
            await asyncio.wait([self._ended])
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.wait(watchers)

    async def _follow_line(self, line: Line) -> None:
        try:
            async for item in line.news():
                await self._take_news(item)
        except Exception as error:
            self.end(EndReason.ERROR, f"the line failed: {type(error).__name__}: {error}")

    async def _take_news(self, item: LineNews) -> None:
        match item:
            case CallerHere():
                await self._welcome()
            case CallerLeft():
                self.end(EndReason.USER_LEFT)
            case CallerLost():
                await self._wait_for_return()
            case LineClosed(detail):
                gone = self._caller_is_away
                self.end(EndReason.USER_LEFT if gone else EndReason.ERROR, detail)

    async def _welcome(self) -> None:
        """The caller came, or came back: greeted once."""
        self._caller_is_away = False
        self._cancel_timer("return")
        if self._conversation is not None and not self._was_greeted:
            self._was_greeted = True
            await self._conversation.greet()

    async def _wait_for_return(self) -> None:
        """Nobody hears the agent now, so it stops; the same call goes on if the caller returns."""
        self._caller_is_away = True
        self._set_timer("return", self._terms.reconnect_window_s, EndReason.USER_LEFT)
        if self._conversation is not None:
            await self._conversation.hush()

    async def _follow_orders(self, orders: CallOrders) -> None:
        """A drain lets the call come to its own end."""
        async for order in orders:
            if order.kind is OrderKind.END:
                self.end(order.reason or EndReason.API_DELETE)

    def _note_arrival(self) -> None:
        """The caller's first sound: from here the call is active and its time runs."""
        if self._has_arrived:
            return
        self._has_arrived = True
        self._cancel_timer("join")
        self._sink.put(CallerArrived())
        self._set_timer("limit", self._terms.max_duration_s, EndReason.MAX_DURATION)

    async def _close(self, line: Line | None, models: Models) -> None:
        """Conversation first, so that the caller hears nothing more; then the line; then the
        models."""
        closers: list[Callable[[], Awaitable[None]]] = []
        if self._conversation is not None:
            closers.append(self._conversation.aclose)
        if line is not None:
            closers.append(line.aclose)
        closers += [ears.engine.aclose for ears in models.stt]
        closers += [mind.engine.aclose for mind in models.llm]
        closers += [mouth.engine.aclose for mouth in models.tts]
        for close in closers:
            try:
                await close()
            except Exception:
                logger.exception("a part of the call was not closed in order")

    def _set_timer(self, name: str, after_s: float, reason: EndReason) -> None:
        self._cancel_timer(name)
        self._timers[name] = self._loop.call_later(after_s, self.end, reason)

    def _cancel_timer(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _stop_timers(self) -> None:
        for name in list(self._timers):
            self._cancel_timer(name)
