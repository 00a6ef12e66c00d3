"""The agent's sound on its way to the caller: knows which words of it were heard, and shows them in
step."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import structlog
from livekit import rtc
from livekit.agents.voice import io

from callmissed.domain.lines import Captions, Party, Playhead
from callmissed.voice.answers import Answer
from callmissed.voice.playout_watch import PlayoutWatch
from callmissed.voice.sound_played import PlayedSound

log = structlog.get_logger("callmissed.voice.output")

CAPTION_STEP_S = 0.1
STUCK = "line: no sound flows"


class SpokenOutput(io.AudioOutput):
    """Stands before a transport's output and gives the engine the words that were heard.

    LiveKit's own synchroniser finds the pace of speech with a Fourier transform of every frame (a
    fifth of a call's Python time) and spreads the words over the whole reply. Here each piece of
    text was synthesised by itself, so its sound's length is known, and words are placed within one
    piece. `is_cut_off` says whether the engine has given up the speech that is being played;
    `on_stuck` is called when one was ended here because its sound did not flow.
    """

    def __init__(
        self,
        sink: io.AudioOutput,
        playhead: Playhead,
        captions: Captions,
        current_answer: Callable[[], Answer],
        played: PlayedSound,
        is_cut_off: Callable[[], bool],
        on_stuck: Callable[[], None],
    ) -> None:
        super().__init__(
            label="spoken",
            capabilities=io.AudioOutputCapabilities(pause=sink.can_pause),
            next_in_chain=sink,
            sample_rate=sink.sample_rate,
        )
        self._playhead = playhead
        self._captions = captions
        self._current_answer = current_answer
        self._played = played
        self._is_cut_off = is_cut_off
        self._on_stuck = on_stuck
        self._watch = PlayoutWatch(playhead, self._give_up_playout)
        self._answer: Answer | None = None
        self._segment_id = ""
        self._shown = ""
        self._timer: asyncio.TimerHandle | None = None
        self._resumes_later = False
        self.spoken_s = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        if self._answer is None:
            self._answer = self._current_answer()
        if self.next_in_chain is not None:
            await self.next_in_chain.capture_frame(frame)
        self._played.add(frame)
        await super().capture_frame(frame)
        self._watch.add(frame.duration)

    def flush(self) -> None:
        super().flush()
        self._watch.note_end()
        if self.next_in_chain is not None:
            self.next_in_chain.flush()

    def clear_buffer(self) -> None:
        if self.next_in_chain is not None:
            self.next_in_chain.clear_buffer()

    def pause(self) -> None:
        super().pause()
        self._watch.hold(True)

    def resume(self) -> None:
        """Goes on at the very sample; not with a speech that is cut off, which the engine clears a
        moment after it resumes the output.
        """
        self._watch.hold(False)
        if self._answer is not None and self._is_cut_off():
            self._resumes_later = True
        else:
            super().resume()

    def on_playback_started(self, *, created_at: float) -> None:
        """Called by the sink with the first of the sound."""
        self._segment_id = f"agent-{uuid4().hex[:12]}"
        self._shown = ""
        if self._answer is not None:
            self._answer.playhead = self._playhead
        super().on_playback_started(created_at=created_at)
        self._show_progress()

    def on_playback_finished(
        self,
        *,
        playback_position: float,
        interrupted: bool,
        synchronized_transcript: str | None = None,
    ) -> None:
        """Called by the sink when it is silent again; what was heard of the answer becomes the
        engine's memory too."""
        if not self._pending_playback_count:
            return
        self._played.restart()
        self._watch.stop()
        answer, self._answer = self._answer, None
        remembered = synchronized_transcript
        if answer is not None:
            script = answer.script
            heard = script.heard(playback_position) if interrupted else script.text
            remembered = script.remembered(playback_position) if interrupted else script.answer
            self._settle(answer, heard, playback_position)
        super().on_playback_finished(
            playback_position=playback_position,
            interrupted=interrupted,
            synchronized_transcript=remembered,
        )
        if self._resumes_later:
            self._resumes_later = False
            super().resume()

    def aclose(self) -> None:
        """Leaves no timer behind at the end of the call."""
        self._watch.stop()
        self._stop_captions()

    def _give_up_playout(self) -> None:
        """Ends a speech whose end nobody else will see."""
        log.warning("speech that is not played was ended")
        if self._answer is not None:
            self._answer.failure = STUCK
        self.clear_buffer()
        while self._pending_playback_count:
            self.on_playback_finished(playback_position=self._playhead.played_s, interrupted=True)
        self._on_stuck()

    def _stop_captions(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _settle(self, answer: Answer, heard: str, played_s: float) -> None:
        self._stop_captions()
        self.spoken_s += played_s
        answer.heard += heard
        answer.played_s += played_s
        answer.playhead = None
        answer.silent_s = self._playhead.silent_at_s
        if answer.instants.audible_s is None:
            answer.instants.audible_s = self._playhead.audible_at_s
        if self._segment_id and heard.strip():
            self._captions.show_words(Party.AGENT, self._segment_id, heard.strip(), is_final=True)
        self._segment_id = ""

    def _show_progress(self) -> None:
        if self._answer is None:
            return
        words = self._answer.script.heard(self._playhead.played_s).strip()
        if words != self._shown and self._segment_id:
            self._shown = words
            self._captions.show_words(Party.AGENT, self._segment_id, words, is_final=False)
        self._timer = asyncio.get_running_loop().call_later(CAPTION_STEP_S, self._show_progress)
