"""The calls of one call process: each a task, none of which can take another down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import structlog

from callmissed.domain.calls import (
    ActionAsked,
    CallDesk,
    CallEnded,
    CallOrder,
    CallOrders,
    CallPlan,
    CallSink,
    CallTerms,
    OrderKind,
    OvertakenError,
)
from callmissed.domain.sessions import EndReason
from callmissed.kit.journal import JournalWriter
from callmissed.providers import Warm
from callmissed.runtime.desk import open_desk
from callmissed.runtime.library import Library
from callmissed.runtime.sink import JournalSink
from callmissed.runtime.tools import ToolRunner
from callmissed.runtime.wire import Done, RoomLost, Start, ToParent

JOINS_IN_FLIGHT = 4
JOIN_TAKES_S = 1.0
STOPPED = "The worker was stopped."

RunCall = Callable[[CallPlan, CallDesk, CallSink, CallOrders, Warm], Awaitable[None]]

log = structlog.get_logger("callmissed.worker.calls")


class GivenPlan:
    """`CallPlan` of terms that the parent sent."""

    def __init__(self, terms: CallTerms) -> None:
        self._terms = terms

    async def terms(self) -> CallTerms:
        return self._terms


class OrderQueue:
    """`CallOrders` of one call; an order given before anyone listens waits."""

    def __init__(self) -> None:
        self._orders: asyncio.Queue[CallOrder] = asyncio.Queue()

    def give(self, order: CallOrder) -> None:
        self._orders.put_nowait(order)

    async def __aiter__(self) -> AsyncIterator[CallOrder]:
        while True:
            yield await self._orders.get()


class Calls:
    """Runs calls in `group`. `say` tells the parent; it must not wait. `library` is where calls look
    into what their bots know.
    """

    def __init__(
        self,
        group: asyncio.TaskGroup,
        run_call: RunCall,
        warm: Warm,
        say: Callable[[ToParent], None],
        library: Library | None = None,
    ) -> None:
        self._group = group
        self._run_call = run_call
        self._warm = warm
        self._say = say
        self._library = library
        self._orders: dict[UUID, OrderQueue] = {}
        self._sinks: dict[UUID, JournalSink] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._overtaken: set[UUID] = set()
        self._joins = asyncio.Semaphore(JOINS_IN_FLIGHT)
        self._empty = asyncio.Event()
        self._empty.set()
        self._draining = False
        self.drained = asyncio.Event()

    def __len__(self) -> int:
        return len(self._orders)

    def start(self, message: Start) -> None:
        """A session that runs here already is not started twice."""
        session_id = message.terms.session_id
        if session_id in self._orders:
            return
        self._orders[session_id] = OrderQueue()
        self._empty.clear()
        self._tasks[session_id] = self._group.create_task(self._run(message))

    def order(self, session_id: UUID, order: CallOrder) -> None:
        if queue := self._orders.get(session_id):
            queue.give(order)

    def drain(self) -> None:
        """`drained` is set as soon as no call runs."""
        self._draining = True
        self.order_all(CallOrder(OrderKind.DRAIN))
        self._see_whether_empty()

    def order_all(self, order: CallOrder) -> None:
        for queue in self._orders.values():
            queue.give(order)

    def overtake(self, session_id: UUID) -> None:
        """This run of the session is silent from now on and notes nothing more."""
        task = self._tasks.get(session_id)
        if task is not None and session_id not in self._overtaken:
            self._overtaken.add(session_id)
            if sink := self._sinks.get(session_id):
                sink.mute()
            task.cancel()

    def overtake_all(self) -> None:
        """After a long standstill others may run these calls: they are left to whoever holds them."""
        for session_id in list(self._tasks):
            self.overtake(session_id)

    async def end_all(self, wait_s: float) -> None:
        """Afterwards no call runs: the agents take their leave, and those calls that do not end
        within `wait_s` are cancelled.
        """
        self.order_all(CallOrder(OrderKind.END, EndReason.ERROR, with_goodbye=True, detail=STOPPED))
        try:
            await asyncio.wait_for(self._empty.wait(), wait_s)
        except TimeoutError:
            await self._cancel_all()

    async def abandon_all(self) -> None:
        """Afterwards no call runs, and none has noted an end: whoever ships the journals decides
        how these calls go on.
        """
        for sink in self._sinks.values():
            sink.mute()
        await self._cancel_all()

    async def _cancel_all(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await self._empty.wait()

    def _see_whether_empty(self) -> None:
        if self._orders:
            return
        self._empty.set()
        if self._draining:
            self.drained.set()

    async def _run(self, message: Start) -> None:
        terms = message.terms
        journal = _open_journal(message)
        sink = JournalSink(terms.session_id, terms.epoch, journal, self._say)
        self._sinks[terms.session_id] = sink
        try:
            await self._run_to_its_end(terms, sink)
        finally:
            if journal is not None:
                journal.close()
            for kept in (self._orders, self._sinks, self._tasks):
                del kept[terms.session_id]
            overtaken = terms.session_id in self._overtaken
            self._overtaken.discard(terms.session_id)
            self._see_whether_empty()
            self._say(Done(terms.session_id, overtaken))

    async def _run_to_its_end(self, terms: CallTerms, sink: JournalSink) -> None:
        """Whatever happens in the call, `sink` knows afterwards that it has ended, unless another
        run of it goes on.
        """
        detail = "The call stopped without a reason."
        tools = self._open_tools(terms, sink)
        try:
            await self._let_in(terms)
            await self._run_call(
                GivenPlan(terms),
                open_desk(terms, self._library, self._ask_for_room(terms), tools),
                sink,
                self._orders[terms.session_id],
                self._warm,
            )
        except OvertakenError:
            self._overtaken.add(terms.session_id)
            sink.mute()
            log.warning("call_overtaken", session_id=str(terms.session_id), epoch=terms.epoch)
        except Exception as error:
            detail = f"The call failed: {type(error).__name__}."
            log.exception("call_failed", session_id=str(terms.session_id))
        finally:
            sink.put(CallEnded(EndReason.ERROR, 0.0, 0.0, detail))
            await tools.aclose()

    def _open_tools(self, terms: CallTerms, sink: JournalSink) -> ToolRunner:
        return ToolRunner(
            terms.session_id,
            terms.tools,
            lambda: self._warm.connections.guarded_session(),
            lambda action: sink.put(ActionAsked(action)),
        )

    def _ask_for_room(self, terms: CallTerms) -> Callable[[], None]:
        return lambda: self._say(RoomLost(terms.session_id, terms.room))

    async def _let_in(self, terms: CallTerms) -> None:
        """Joining costs much more than being in a room, so calls begin in small groups; those whose
        callers sit in silence do not wait.
        """
        if terms.has_begun:
            return
        await self._joins.acquire()
        asyncio.get_running_loop().call_later(JOIN_TAKES_S, self._joins.release)


def _open_journal(message: Start) -> JournalWriter | None:
    """None where the disk takes no new file: the notes then go to the parent."""
    try:
        return JournalWriter(message.journal)
    except OSError as error:
        log.error(
            "journal_not_opened", session_id=str(message.terms.session_id), error=error.strerror
        )
        return None
