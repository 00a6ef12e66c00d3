"""Callers speak into the agent's speech: 60 listeners' sounds, and 60 who want the floor.

`python -m bench.turns [--jump] [--json FILE] [--late] [--preset NAME]` prints two tables and exits 1
where an aim is missed. The conversation is whole but for its room; the recogniser's words are
scripted (partial words 0.35 s after the onset, final ones 0.3 s after the end; with `--late` no
partial words and final ones after 0.6 s), their sound is synthetic speech, and everything else is
ours. Times are taken at the transport: the caller's first audible sample to the last of the agent's
sound, the caller's last one to the agent's next. In real time, four calls at once, it takes about
two minutes; with `--jump` seconds pass at once, so that nothing but our own waits is measured.
"""

import argparse
import asyncio
import json
import logging
import statistics
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, stt

from bench.turns.clips import BACKCHANNELS, CUT_INS, RATE_HZ, Clip, all_clips
from callmissed.domain.calls import TURN_TAKING_PRESETS
from callmissed.domain.lines import AgentState
from callmissed.kit.pcm import silence
from tests.virtual_time import run_call_jumping
from tests.voice.callers import load_words
from tests.voice.fakes import LOUD, scripted_models
from tests.voice.faulty import PlannedTTS
from tests.voice.running import RunningCall, start_call
from tests.voice.test_hearing_calls import models_with

OVERLAPS_S = (0.3, 1.2, 2.4, 3.3)
"""Behind the answer's first sound: at its beginning, inside a clause, across a pause, in the next
sentence."""
AT_ONCE = 4
RESUMED_WITHIN_S = 0.7
MOST_FALSE_STOPS = 0.1
STOP_P50_MS, STOP_P95_MS = 200, 250
QUESTION = load_words()[: int(RATE_HZ * 1.1)]
ANSWER = (
    "The clinic is open from nine in the morning, and it closes at seven in the evening. "
    "On Saturday it is open from ten to four, and there is parking behind the house for everybody."
)
Run = Callable[[Coroutine[Any, Any, "Outcome"]], "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """One clip in one place. `stop_ms` is None where the agent spoke on, `resume_ms` where it was
    silent for good."""

    language: str
    words: str
    overlap_s: float
    stop_ms: float | None
    resume_ms: float | None
    was_interrupted: bool
    was_answered: bool


class TimedSTT(stt.STT):
    """Tells one scripted text for each stretch of sound."""

    def __init__(self, texts: Sequence[str], *, partial_s: float | None, final_s: float) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=partial_s is not None, offline_recognize=False
            )
        )
        self.texts = list(texts)
        self.partial_s = partial_s
        self.final_s = final_s

    async def _recognize_impl(self, buffer, *, language=NOT_GIVEN, conn_options):
        raise NotImplementedError

    def stream(self, *, language=NOT_GIVEN, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return _TimedStream(stt=self, conn_options=conn_options)


class _TimedStream(stt.RecognizeStream):
    async def _run(self) -> None:
        spoke_s: float | None = None
        quiet_s, has_told = 0.0, False
        owner = self._stt
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame) or not owner.texts:
                continue
            is_loud = bool(np.abs(np.frombuffer(frame.data, np.int16)).max(initial=0) > LOUD)
            if spoke_s is None and not is_loud:
                continue
            spoke_s = (spoke_s or 0.0) + frame.duration
            quiet_s = 0.0 if is_loud else quiet_s + frame.duration
            if owner.partial_s is not None and not has_told and spoke_s >= owner.partial_s:
                has_told = True
                self._tell(stt.SpeechEventType.INTERIM_TRANSCRIPT, owner.texts[0])
            if quiet_s >= owner.final_s:
                self._tell(stt.SpeechEventType.FINAL_TRANSCRIPT, owner.texts.pop(0))
                spoke_s, quiet_s, has_told = None, 0.0, False

    def _tell(self, kind: stt.SpeechEventType, text: str) -> None:
        data = stt.SpeechData(language="en", text=text, confidence=1.0)
        self._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=[data]))


async def speak_into(clip: Clip, overlap_s: float, preset: str, *, is_late: bool) -> Outcome:
    """One call: a question, and the clip into its answer."""
    final_s = 0.6 if is_late else 0.3
    ears = TimedSTT(
        ["when are you open", clip.words], partial_s=None if is_late else 0.35, final_s=final_s
    )
    replies = scripted_models([], [ANSWER, "Of course."]).llm
    models = models_with(ears, voice=PlannedTTS())  # type: ignore[arg-type]
    models = type(models)(stt=models.stt, llm=replies, tts=models.tts)
    call = start_call(models, greeting=None, turn_taking=TURN_TAKING_PRESETS[preset])
    microphone, earpiece = call.line.microphone, call.line.earpiece
    await microphone.say(QUESTION)
    await call.line.screen.until_state(AgentState.SPEAKING)
    await microphone.say(silence(round(overlap_s * 1000), RATE_HZ))
    await microphone.say(clip.sound)
    await microphone.say(silence(2500, RATE_HZ))
    onset_s = microphone.onset_s - len(clip.sound) / RATE_HZ
    await call.hang_up()
    return _judge(call, clip, overlap_s, onset_s, microphone.onset_s, earpiece)


def _judge(
    call: RunningCall, clip: Clip, overlap_s: float, onset_s: float, end_s: float, earpiece: Any
) -> Outcome:
    """`onset_s` and `end_s` are the clip's first and last sample."""
    stops = [at_s for at_s in earpiece.cleared_s if at_s >= onset_s]
    stop_ms = (stops[0] - onset_s) * 1000 if stops else None
    after = [at_s for at_s, _ in earpiece.handed if at_s > max(end_s, stops[0] if stops else 0.0)]
    cut = next((turn for turn in call.notes.turns if turn.generated == ANSWER), None)
    return Outcome(
        clip.language,
        clip.words,
        overlap_s,
        stop_ms,
        (after[0] - end_s) * 1000 if after else None,
        bool(cut and cut.interrupted and len(call.notes.turns) > 1),
        any(turn.user_transcript == clip.words for turn in call.notes.turns),
    )


def run_all(clips: Sequence[Clip], preset: str, *, is_late: bool, jumps: bool) -> list[Outcome]:
    plans = [(clip, overlap_s) for clip in clips for overlap_s in OVERLAPS_S]

    def one(clip: Clip, overlap_s: float) -> Coroutine[Any, Any, Outcome]:
        return speak_into(clip, overlap_s, preset, is_late=is_late)

    if jumps:
        return [run_call_jumping(one(*plan)) for plan in plans]

    async def some() -> list[Outcome]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def guarded(plan: tuple[Clip, float]) -> Outcome:
            async with gate:
                return await one(*plan)

        return await asyncio.gather(*(guarded(plan) for plan in plans))

    return asyncio.run(some())


def percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def report_backchannels(outcomes: Sequence[Outcome]) -> bool:
    """Whether no more than a tenth made the agent stop for longer than they may."""
    print(f"\n{len(outcomes)} listeners' sounds     paused  resumed ms p50/p95  false stops")
    for language in (*BACKCHANNELS, "all"):
        some = [one for one in outcomes if language in (one.language, "all")]
        bad = [one for one in some if is_false_stop(one)]
        paused = [one for one in some if one.stop_ms is not None]
        back = [one.resume_ms for one in paused if one.resume_ms is not None]
        times = (
            f"{percentile(back, 50):5.0f} / {percentile(back, 95):5.0f}" if len(back) > 1 else "-"
        )
        print(f"{language:22} {len(paused):4}/{len(some):<4} {times:>17} {len(bad):8}")
    return sum(map(is_false_stop, outcomes)) <= MOST_FALSE_STOPS * len(outcomes)


def is_false_stop(one: Outcome) -> bool:
    went_on = one.resume_ms is not None and one.resume_ms <= RESUMED_WITHIN_S * 1000
    return one.was_interrupted or (one.stop_ms is not None and not went_on)


def report_cut_ins(outcomes: Sequence[Outcome]) -> bool:
    """Whether everybody got the floor in time."""
    stops = [one.stop_ms for one in outcomes if one.stop_ms is not None]
    unanswered = [one.words for one in outcomes if not (one.was_answered and one.was_interrupted)]
    p50, p95 = percentile(stops, 50), percentile(stops, 95)
    print(
        f"\n{len(outcomes)} cut-ins: onset to pause p50 {p50:.0f}, p95 {p95:.0f}, most {max(stops):.0f} ms"
    )
    print(
        f"not paused {len(outcomes) - len(stops)}, not answered {len(unanswered)} {unanswered[:5]}"
    )
    return p50 <= STOP_P50_MS and p95 <= STOP_P95_MS and not unanswered


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jump", action="store_true")
    parser.add_argument("--late", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--preset", default="balanced", choices=TURN_TAKING_PRESETS)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    kinds = {"backchannels": BACKCHANNELS, "cut_ins": CUT_INS}
    seen = {
        kind: run_all(all_clips(words), options.preset, is_late=options.late, jumps=options.jump)
        for kind, words in kinds.items()
    }
    is_calm = report_backchannels(seen["backchannels"])
    is_quick = report_cut_ins(seen["cut_ins"])
    if options.json:
        raw = {kind: [vars(one) for one in outcomes] for kind, outcomes in seen.items()}
        options.json.write_text(json.dumps(raw, ensure_ascii=False, indent=1))
    return 0 if is_calm and is_quick else 1


if __name__ == "__main__":
    sys.exit(main())
