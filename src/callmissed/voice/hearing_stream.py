"""Hears one caller through one recogniser after another, and gives each what the last one owed."""

import asyncio
from contextlib import suppress
from typing import Any

import structlog
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, stt

from callmissed.voice.candidates import describe, speaks_of_provider
from callmissed.voice.hearing_audio import UnheardAudio
from callmissed.voice.hearing_order import STABLE_S, CandidateOrder, Ears, Leave
from callmissed.voice.hearing_report import Deafness, Report
from callmissed.voice.hearing_watch import SpeechWatch
from callmissed.voice.hearing_words import HeardWords, placed

log = structlog.get_logger("callmissed.voice.hearing")

ENGINE_OPTIONS = APIConnectOptions(max_retry=0, retry_interval=0.0, timeout=2.0)
CLOSE_TIMEOUT_S = 2.0

_Kind = stt.SpeechEventType
_PARTIAL = (_Kind.INTERIM_TRANSCRIPT, _Kind.PREFLIGHT_TRANSCRIPT)


class HearingStream(stt.RecognizeStream):
    """Ends with its input and never before. Final words come once, whoever heard them."""

    def __init__(
        self, owner: stt.STT[Any], order: CandidateOrder, deafness: Deafness, report: Report
    ) -> None:
        super().__init__(stt=owner, conn_options=ENGINE_OPTIONS)
        self._order = order
        self._deafness = deafness
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._audio = UnheardAudio()
        self._words = HeardWords()
        self._watch = SpeechWatch()
        self._engine: stt.RecognizeStream | None = None
        self._reading: asyncio.Task[None] | None = None
        self._leave: Leave | None = None
        self._begins_s = 0.0
        self._final_s: float | None = None
        self._partial: stt.SpeechEvent | None = None
        self._partial_s: float | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._has_input = True

    def note_speech(self) -> None:
        """Our voice detector hears the caller speak."""
        self._audio.note_speech()
        self._watch.begin(self._loop.time())
        self._set_alarm()

    def note_silence(self, since_s: float) -> None:
        """Our voice detector has heard nobody for that long."""
        self._audio.note_silence(since_s)
        self._watch.end(self._loop.time(), since_s, self._final_s)
        if not self._watch.is_waiting:
            self._audio.forget()
        self._words.note_pause()
        self._set_alarm()

    async def _run(self) -> None:
        """Raises APIConnectionError for a fault of ours only."""
        taking = asyncio.create_task(self._take_sound(), name="take the caller's sound")
        try:
            while not taking.done():
                await self._hear_through(self._order.choose())
                await asyncio.wait([taking], timeout=self._order.pause_s())
            taking.result()
        except Exception as error:
            log.exception("hearing broke off")
            raise APIConnectionError("hearing broke off") from error
        finally:
            self._has_input = False
            taking.cancel()
            if self._alarm is not None:
                self._alarm.cancel()
            if self._reading is not None:
                self._reading.cancel()
                self._closing.add(self._reading)
            await asyncio.wait([taking, *self._closing], timeout=CLOSE_TIMEOUT_S)

    async def _take_sound(self) -> None:
        async for item in self._input_ch:
            frame = item if isinstance(item, rtc.AudioFrame) else None
            self._audio.add(frame)
            self._pass(frame)
        self._has_input = False
        if self._engine is not None:
            with suppress(RuntimeError):
                self._engine.end_input()

    def _pass(self, frame: rtc.AudioFrame | None) -> None:
        """To the recogniser, where one is connected; None is a flush."""
        engine = self._engine
        if engine is None:
            return
        with suppress(RuntimeError):  # it has just ended, which is about to be noticed
            if frame is not None:
                engine.push_frame(frame)
            elif engine._stt.capabilities.manual_flush:
                engine.flush()

    async def _hear_through(self, ears: Ears) -> None:
        """Returns when this recogniser is not listened to any more."""
        self._leave = None
        began_s, final_s = self._loop.time(), self._final_s
        failure, detail = Leave.FAILED, "it ended"
        try:
            self._connect(ears)
            await self._listen()
        except Exception as error:
            detail = describe(error)
            failure = Leave.FAILED if speaks_of_provider(error) else Leave.REFUSED
        self._watch.connected_s = None
        if not self._has_input:
            return
        is_chance = self._loop.time() - began_s > STABLE_S or self._final_s != final_s
        reason = self._leave or (Leave.LOST if is_chance else failure)
        log.warning("a recogniser is left", model=ears.model.id, reason=reason, kind=detail)
        self._order.leave(reason, self._loop.time())
        self._report.note_left(ears.model, reason)
        if self._order.is_out:
            self._deafness.begin(self._loop.time())
        self._set_alarm()

    def _connect(self, ears: Ears) -> None:
        """Afterwards it is being given all that was said since the last final words."""
        self._begins_s = self._audio.begins_s
        self._words.begin_replay(self._audio)
        self._watch.connect(self._loop.time())
        self._engine = ears.engine.stream(conn_options=ENGINE_OPTIONS)
        for frame in self._audio:
            self._pass(frame)
        if not self._has_input:
            self._engine.end_input()
        self._set_alarm()

    async def _listen(self) -> None:
        """Raises what the recogniser raises."""
        engine = self._engine
        if engine is None:
            return
        self._reading = asyncio.create_task(self._read(engine), name="read recogniser")
        try:
            await asyncio.wait([self._reading])
        finally:
            self._engine = None
            self._close(engine)
        if not self._reading.cancelled():
            self._reading.result()

    async def _read(self, engine: stt.RecognizeStream) -> None:
        async for event in engine:
            self._take_event(event)

    def _close(self, engine: stt.RecognizeStream) -> None:
        task = asyncio.create_task(engine.aclose(), name="close recogniser")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _take_event(self, event: stt.SpeechEvent) -> None:
        if self._leave is not None:
            return
        if event.type is not _Kind.RECOGNITION_USAGE:
            self._note_life(event)
        if event.type is _Kind.FINAL_TRANSCRIPT and event.alternatives:
            self._take_final(event)
        elif event.type in _PARTIAL and event.alternatives:
            self._audio.note_sound()
            self._partial = event
            self._partial_s = self._watch.last_words_s = self._loop.time()
            self._send(self._words.take(event))
        else:
            self._event_ch.send_nowait(event)
        self._set_alarm()

    def _note_life(self, event: stt.SpeechEvent) -> None:
        self._watch.last_event_s = self._loop.time()
        self._order.note_life(has_words=any(words.text for words in event.alternatives))
        self._deafness.end()

    def _take_final(self, event: stt.SpeechEvent) -> None:
        best = event.alternatives[0]
        doubt = self._watch.doubt(len(self._order)) if not (best.text or self._partial) else None
        if doubt is Leave.SILENT:
            self._leave_for(doubt)
            return
        if best.text or not self._watch.is_speaking:
            ends_s = self._begins_s + best.end_time if best.end_time > 0 else None
            self._audio.cover(ends_s)
            self._final_s = self._loop.time()
        if not self._audio.has_speech:
            self._watch.settle()
        if best.text:
            self._report.model_id = self._order.present.model.id
        self._partial = self._partial_s = None
        self._send(self._words.take(event))
        returns = not self._audio.has_speech and self._order.may_return(self._loop.time())
        if doubt is not None or returns:
            self._leave_for(doubt or Leave.FOR_CHOSEN)

    def _send(self, event: stt.SpeechEvent) -> None:
        self._event_ch.send_nowait(placed(event, self._begins_s + self.start_time_offset))

    def _leave_for(self, reason: Leave) -> None:
        self._leave = reason
        self._engine = None
        self._watch.connected_s = None
        if self._reading is not None:
            self._reading.cancel()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        all_s = (self._deaf_at_s(), self._told_at_s(), self._late_at_s(), self._deafness.lost_at_s)
        due_s = [at_s for at_s in all_s if at_s is not None and self._has_input]
        self._alarm = self._loop.call_at(min(due_s), self._look) if due_s else None

    def _deaf_at_s(self) -> float | None:
        tells_partials = self._order.present.engine.capabilities.interim_results
        return self._watch.deadline_s(tells_partials=tells_partials, final_s=self._order.final_s)

    def _told_at_s(self) -> float | None:
        is_new = not self._watch.is_settled(self._loop.time())
        return self._watch.told_at_s() if self._order.is_out and is_new else None

    def _late_at_s(self) -> float | None:
        may_be_words = self._order.is_slow or self._watch.last_event_s is not None
        was_noticed = self._watch.is_long and may_be_words
        return self._watch.late_at_s() if was_noticed or self._partial is not None else None

    def _look(self) -> None:
        """Something was due."""
        now_s = self._loop.time()
        late_s = self._late_at_s()
        if late_s is not None and late_s <= now_s:
            self._watch.was_late = True
            self._deafness.tell_late()
        told_s, deaf_s, lost_s = self._told_at_s(), self._deaf_at_s(), self._deafness.lost_at_s
        if told_s is not None and told_s <= now_s:
            if (whole := self._whole_partial()) is not None:
                self._promote(whole)
            else:
                self._tell_deaf()
        if deaf_s is not None and deaf_s <= now_s:
            self._leave_silent()
        if lost_s is not None and lost_s <= now_s:
            if self._watch.is_settled(now_s):
                self._deafness.end()
            else:
                self._deafness.give_up("every recogniser fails")
        self._set_alarm()

    def _leave_silent(self) -> None:
        """No final words came in time: what is known of them is told, or another one is asked."""
        was_asked_enough = self._watch.silences >= max(1, len(self._order) - 1)
        partial = self._partial if was_asked_enough else self._whole_partial()
        if partial is not None and self._watch.is_waiting:
            self._promote(partial)
            self._leave_for(Leave.UNFINISHED)
        elif was_asked_enough and self._watch.is_waiting:
            self._give_up_speech()
        else:
            self._watch.silences += 1
            self._leave_for(Leave.SILENT)

    def _whole_partial(self) -> stt.SpeechEvent | None:
        """Partial words that came so late that they are all that was said."""
        ended_s, partial_s = self._watch.ended_s, self._partial_s
        is_whole = ended_s is not None and partial_s is not None and partial_s >= ended_s
        return self._partial if is_whole else None

    def _promote(self, partial: stt.SpeechEvent) -> None:
        self._send(self._words.make_final(partial))
        self._final_s = self._loop.time()
        self._partial = self._partial_s = None
        self._audio.forget()
        self._watch.settle()

    def _give_up_speech(self) -> None:
        """Every recogniser was asked, and none has a word for it."""
        if self._watch.is_long:
            self._deafness.begin(self._loop.time())
            self._deafness.note_unheard()
            self._tell_deaf()
        self._audio.forget()
        self._watch.settle()
        self._leave_for(Leave.GIVEN_UP)

    def _tell_deaf(self) -> None:
        if not self._watch.was_told:
            self._watch.was_told = True
            self._deafness.begin(self._loop.time())
            self._deafness.tell()
