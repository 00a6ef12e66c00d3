"""Runs one call from its claim to its end: line, conversation, deadlines, notes."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from callmissed.domain.calls import (
    CallDesk,
    CallEnded,
    CallerArrived,
    CallOrder,
    CallOrders,
    CallPlan,
    CallSink,
    CallTerms,
    OrderKind,
    OvertakenError,
    TurnFinished,
)
from callmissed.domain.knowledge import Passage
from callmissed.domain.lines import (
    CallerHere,
    CallerLeft,
    CallerLost,
    LineBroken,
    LineClosed,
    LineEnd,
    LineMended,
    LineNews,
)
from callmissed.domain.models import Access, Route
from callmissed.domain.sessions import EndReason
from callmissed.domain.turns import Turn, hangs_up
from callmissed.domain.usage import Meter
from callmissed.kit.clock import SYSTEM_CLOCK, Clock
from callmissed.providers import Models, Warm, build_models
from callmissed.runtime import joining
from callmissed.runtime.deadlines import Deadlines
from callmissed.runtime.joining import OpenLine, open_room_line
from callmissed.transports.line import Line
from callmissed.voice.conversation import Conversation
from callmissed.voice.meters import CallMeter
from callmissed.voice.sentence_cache import SentenceCache
from callmissed.voice.spoken import load_tables

EARS_TAKE_S = 0.3
"""A caller who comes back hears our track a little after they are seen."""

logger = logging.getLogger(__name__)

BuildModels = Callable[[Route, Mapping[str, Access], Warm, tuple[Passage, ...], Meter], Models]


def prepare_process() -> None:
    """Reads once what every call of this process would read in its first turn; blocks for about a second."""
    load_tables()


async def run_call(
    plan: CallPlan,
    desk: CallDesk,
    sink: CallSink,
    orders: CallOrders,
    warm: Warm,
    *,
    open_line: OpenLine = open_room_line,
    build: BuildModels = build_models,
    sentences: SentenceCache | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Returns when the call is over and its line closed; exactly one `CallEnded` was put then.

    Raises LookupError, with no note put, when the plan knows that there is nothing to run, and
    OvertakenError, with no end put, when another run of the session has entered the room in its
    place. Cancelling it ends the call as an error.
    """
    call = _Call(await plan.terms(), sink, sentences, clock)
    try:
        await call.run(desk, orders, warm, open_line, build)
    except asyncio.CancelledError:
        call.end(EndReason.ERROR, "the worker stopped")
        raise
    except ConnectionError as error:
        call.end(EndReason.MEDIA_LOST, str(error))
    except Exception as error:
        logger.exception("the call broke off")
        call.end(EndReason.ERROR, f"{type(error).__name__}: {error}")
    finally:
        call.tell_end()
    if call.is_overtaken:
        raise OvertakenError


@dataclass(frozen=True, slots=True)
class _End:
    reason: EndReason
    detail: str


class _Call:
    """The state of one run: who is there, and why it ends. The first reason given stands."""

    def __init__(
        self, terms: CallTerms, sink: CallSink, sentences: SentenceCache | None, clock: Clock
    ) -> None:
        self._terms = terms
        self._sink = sink
        self._sentences = sentences
        self._meter = CallMeter()
        self._clock = clock
        self._ended: asyncio.Future[_End] = asyncio.get_running_loop().create_future()
        self._deadlines = Deadlines(self.end)
        self._conversation: Conversation | None = None
        self._has_arrived = False
        self._was_greeted = False
        self._was_cut = False
        self._caller_is_away = terms.has_begun
        self.is_overtaken = False

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
        self._set_first_deadlines()
        terms = self._terms
        models = build(terms.route, terms.access, warm, terms.passages, self._meter)
        bridging = joining.record_bridge(terms, models, self._meter, self._sentences, self._clock)
        beside = [
            asyncio.create_task(self._follow_orders(orders), name="follow orders"),
            asyncio.create_task(bridging, name="record bridge"),
        ]
        line: Line | None = None
        try:
            line = await self._join(open_line, models.tts[0].engine.sample_rate, desk)
            if line is not None:
                self._conversation = self._converse(line, models, desk)
                await self._conversation.start()
                await self._watch(line, desk)
        finally:
            self._deadlines.cancel_all()
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)
            await joining.close_call(self._conversation, line, models)

    def tell_end(self) -> None:
        """Puts the one `CallEnded`, unless the call goes on in another run."""
        self._deadlines.cancel_all()
        if self.is_overtaken:
            return
        end = self._ended.result() if self._ended.done() else _End(EndReason.ERROR, "no reason")
        spoken = self._conversation
        self._sink.put(
            CallEnded(
                reason=end.reason,
                caller_audio_s=spoken.caller_audio_s if spoken else 0.0,
                agent_audio_s=spoken.agent_audio_s if spoken else 0.0,
                detail=end.detail,
                usage=self._meter.total(),
            )
        )

    def _converse(self, line: Line, models: Models, desk: CallDesk) -> Conversation:
        return Conversation(
            self._terms,
            ears=models.stt,
            minds=models.llm,
            mouths=models.tts,
            meter=self._meter,
            sentences=self._sentences,
            desk=desk,
            sound_in=line.sound_in,
            sound_out=line.sound_out,
            playhead=line.playhead,
            captions=line.captions,
            clock=self._clock,
            tell_turn=self._tell_turn,
            on_arrival=self._note_arrival,
            on_failure=lambda detail: self.end(EndReason.ERROR, detail),
        )

    def _expect_words(self) -> None:
        self._deadlines.set("silence", self._terms.silence_s, EndReason.SILENCE)

    def _tell_turn(self, turn: Turn) -> None:
        if not self.is_overtaken:
            self._sink.put(TurnFinished(turn))
            self._expect_words()
            if hangs_up(turn):
                self.end(EndReason.AGENT_ENDED)

    def _set_first_deadlines(self) -> None:
        """A call that had begun before is there again for a caller who may have gone meanwhile."""
        if self._terms.has_begun:
            self._deadlines.set("limit", self._terms.max_duration_s, EndReason.MAX_DURATION)
            self._deadlines.set("return", self._terms.reconnect_window_s, EndReason.USER_LEFT)
        else:
            self._deadlines.set("join", self._terms.join_window_s, EndReason.NEVER_JOINED)

    async def _join(self, open_line: OpenLine, rate_hz: int, desk: CallDesk) -> Line | None:
        """None where the call ended before. Raises ConnectionError."""
        opening = joining.open_patiently(open_line, self._terms, rate_hz, desk.restore_room)
        return await joining.open_unless(self._ended, opening)

    async def _watch(self, line: Line, desk: CallDesk) -> None:
        """Until somebody gives a reason to end."""
        watcher = asyncio.create_task(self._follow_line(line, desk), name="follow line")
        try:
            await asyncio.wait([self._ended])
        finally:
            watcher.cancel()
            await asyncio.wait([watcher])

    async def _follow_line(self, line: Line, desk: CallDesk) -> None:
        try:
            async for item in line.news():
                await self._take_news(item, desk)
        except Exception as error:
            self.end(EndReason.ERROR, f"the line failed: {type(error).__name__}: {error}")

    async def _take_news(self, item: LineNews, desk: CallDesk) -> None:
        match item:
            case CallerHere():
                await self._welcome()
            case CallerLeft():
                self.end(EndReason.USER_LEFT)
            case CallerLost():
                await self._wait_for_return()
            case LineBroken():
                self._was_cut = True
                desk.restore_room()
                await self._hush()
            case LineMended() if not self._caller_is_away:
                await self._welcome()
            case LineClosed(detail, end):
                self._leave_line(detail, end)

    def _leave_line(self, detail: str, end: LineEnd) -> None:
        self.is_overtaken = end is LineEnd.OVERTAKEN and not self._ended.done()
        lost = EndReason.MEDIA_LOST if end is LineEnd.LOST else EndReason.ERROR
        is_left = self._caller_is_away and end is LineEnd.CLOSED
        self.end(EndReason.USER_LEFT if is_left else lost, detail)

    async def _welcome(self) -> None:
        """The caller came, or came back: greeted once; told so where it was we who were away."""
        self._caller_is_away = False
        self._deadlines.cancel("return")
        self._expect_words()
        if self._conversation is None:
            return
        if not self._was_greeted:
            self._was_greeted = True
            await self._conversation.greet()
        elif self._was_cut:
            await asyncio.sleep(EARS_TAKE_S)
            self._conversation.bridge()
        self._was_cut = False

    async def _wait_for_return(self) -> None:
        """Nobody hears the agent now, so it stops; the same call goes on if the caller returns."""
        self._caller_is_away = True
        self._deadlines.set("return", self._terms.reconnect_window_s, EndReason.USER_LEFT)
        await self._hush()

    async def _hush(self) -> None:
        if self._conversation is not None:
            await self._conversation.hush()

    async def _follow_orders(self, orders: CallOrders) -> None:
        """A drain lets the call come to its own end."""
        async for order in orders:
            if order.kind is OrderKind.END:
                await self._obey_end(order)

    async def _obey_end(self, order: CallOrder) -> None:
        """Nobody waits for a goodbye that a caller who is away cannot hear."""
        spoken = self._conversation
        if order.with_goodbye and spoken is not None and self._was_greeted:
            await spoken.say_goodbye()
        self.end(order.reason or EndReason.API_DELETE, order.detail)

    def _note_arrival(self) -> None:
        """The caller's first sound: from here the call is active and its time runs."""
        if self._has_arrived:
            return
        self._has_arrived = True
        self._deadlines.cancel("join")
        self._sink.put(CallerArrived())
        if not self._terms.has_begun:
            self._deadlines.set("limit", self._terms.max_duration_s, EndReason.MAX_DURATION)
