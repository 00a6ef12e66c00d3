"""Pairs what the caller said with what the agent answered, and makes a `Turn` of it when the agent
is silent again."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from callmissed.domain.budgets import find_over_budget
from callmissed.domain.turns import Source, Turn
from callmissed.kit.clock import Clock
from callmissed.voice.answers import Answer, ToolUsed, Utterance
from callmissed.voice.meters import CallMeter
from callmissed.voice.stopwatch import Instants, lay_out_stages, ms_since

MAX_TOLD_CHARS = 1000
MAX_TOLD_NAME_CHARS = 100


class TurnLog:
    """The turns of one call, told in order, each exactly once, whatever became of its answer."""

    def __init__(
        self,
        *,
        llm_model: str,
        language: str,
        budgets_ms: Mapping[str, int],
        clock: Clock,
        meter: CallMeter,
        tell: Callable[[Turn], None],
    ) -> None:
        self._llm_model = llm_model
        self._language = language
        self._budgets_ms = budgets_ms
        self._clock = clock
        self._meter = meter
        self._tell = tell
        self._arrived_s: float | None = None
        self._waiting: Utterance | None = None
        self._guesses = 0

    def note_arrival(self, at_s: float) -> None:
        """The caller's first sound: the session's first moment."""
        self._arrived_s = at_s

    def note_guess(self) -> None:
        """An answer is being generated; the turn counts how many there were."""
        self._guesses += 1

    def end_utterance(self, utterance: Utterance) -> None:
        """The caller's turn is over. The one before, if nothing answered it, is told without an
        answer."""
        self._tell_unanswered()
        self._waiting = utterance

    def take_utterance(self) -> Utterance | None:
        """The utterance that the speech now scheduled answers."""
        utterance, self._waiting = self._waiting, None
        return utterance

    def finish_answer(self, answer: Answer, *, interrupted: bool) -> None:
        """The agent is silent again. A guess that was never scheduled answers nothing and is not
        told."""
        if answer.utterance is None and not answer.is_of_own_accord:
            self._meter.discard(answer.speech_id)
            return
        utterance = answer.utterance
        instants = answer.instants
        if utterance is not None:
            instants.speech_end_s = utterance.end_s
            instants.final_words_s = utterance.final_words_s
            instants.endpoint_s = utterance.endpoint_s
        stages = lay_out_stages(instants)
        guesses = self._take_guesses() if utterance is not None else 0
        now_s = self._clock.monotonic_s()
        ended_s = answer.silent_s if answer.silent_s is not None else now_s
        begun_s = utterance.onset_s if utterance else (instants.audible_s or ended_s)
        retrieval = answer.retrieval
        self._tell(
            Turn(
                user_transcript=utterance.words if utterance else None,
                agent_response=answer.heard.strip(),
                interrupted=interrupted,
                llm_model=answer.llm_model or self._llm_model,
                language=utterance.language if utterance else self._language,
                created_at=self._wall(begun_s),
                offset_ms=ms_since(self._arrived_s, begun_s) or 0,
                duration_ms=ms_since(begun_s, ended_s) or 0,
                speech_ms=(ms_since(utterance.onset_s, utterance.end_s) or 0) if utterance else 0,
                retrieval_ms=round(retrieval.took_ms) if retrieval else None,
                total_ms=ms_since(instants.speech_end_s, answer.silent_s),
                stop_ms=ms_since(answer.barge_in_s, answer.silent_s) if interrupted else None,
                llm_attempts=max(1, guesses),
                generated=answer.generated,
                sources=sources_of(answer),
                stages=stages,
                trace={
                    **trace_of(answer),
                    **speculation_of(instants, guesses),
                    **_mark_over_budget(stages, self._budgets_ms),
                },
                usage=self._meter.settle(answer.speech_id),
                **_instants_ms(instants),
            )
        )

    def finish_call(self, words_left: Utterance | None) -> None:
        """Nothing follows: tells what was said and never answered."""
        self._tell_unanswered()
        self._waiting = words_left
        self._tell_unanswered()

    def _tell_unanswered(self) -> None:
        utterance = self.take_utterance()
        if utterance is not None:
            self.finish_answer(Answer(utterance=utterance), interrupted=False)

    def _take_guesses(self) -> int:
        guesses, self._guesses = self._guesses, 0
        return guesses

    def _wall(self, at_s: float) -> datetime:
        return self._clock.now() - timedelta(seconds=self._clock.monotonic_s() - at_s)


def trace_of(answer: Answer) -> dict[str, Any]:
    """What happened on the way to an answer, as `Turn.trace` keeps it."""
    trace: dict[str, Any] = {}
    if answer.utterance is not None and answer.utterance.hearing:
        trace["stt"] = dict(answer.utterance.hearing)
    if answer.retrieval is not None and answer.retrieval.missed:
        trace["retrieval"] = answer.retrieval.missed
    elif answer.retrieval is not None and answer.retrieval.partly_missed:
        trace["retrieval"] = answer.retrieval.partly_missed
    if answer.failure:
        trace["failure"] = answer.failure
    if answer.choices.fallbacks:
        trace["fallbacks"] = [
            {
                "service": str(one.service),
                "model": one.model_id,
                "provider": one.provider,
                "reason": one.reason,
                "after": one.after_output,
            }
            for one in answer.choices.fallbacks
        ]
    if answer.false_alarms:
        trace["false_alarms"] = answer.false_alarms
    if answer.fillers:
        trace["fillers"] = list(answer.fillers)
    if answer.tools:
        trace["tools"] = [show_tool(used) for used in answer.tools]
    return trace


def speculation_of(instants: Instants, guesses: int) -> dict[str, Any]:
    """Whether work began before the turn was decided to be over, and what became of it, as
    `Turn.trace` keeps it: nothing where no answer was begun early. `guesses` counts every answer
    that was begun for the turn.
    """
    begun_s, endpoint_s = instants.begun_s, instants.endpoint_s
    is_used = begun_s is not None and endpoint_s is not None and begun_s < endpoint_s
    thrown_away = max(0, guesses - (begun_s is not None))
    if not is_used and not thrown_away:
        return {}
    early_ms = ms_since(begun_s, endpoint_s) if is_used else None
    told = {"used": is_used, "early_ms": early_ms, "thrown_away": thrown_away}
    return {"speculation": told}


def _mark_over_budget(stages: Mapping[str, int], budgets_ms: Mapping[str, int]) -> dict[str, Any]:
    over = find_over_budget(stages, budgets_ms)
    return {"over_budget": over} if over else {}


def show_tool(used: ToolUsed) -> dict[str, Any]:
    """A tool's run as a turn's trace keeps it."""
    return {
        "tool": used.call.name[:MAX_TOLD_NAME_CHARS],
        "arguments": used.call.arguments[:MAX_TOLD_CHARS],
        "outcome": used.result.outcome.value,
        "result": used.result.text[:MAX_TOLD_CHARS],
        "took_ms": round(used.result.took_ms),
        "ends_call": used.result.ends_call,
    }


def _instants_ms(instants: Instants) -> dict[str, int | None]:
    start_s = instants.speech_end_s
    return {
        "stt_ms": ms_since(start_s, instants.final_words_s),
        "endpoint_ms": ms_since(start_s, instants.endpoint_s),
        "first_token_ms": ms_since(start_s, instants.first_token_s),
        "first_audio_ms": ms_since(start_s, instants.audible_s),
    }


def sources_of(answer: Answer) -> tuple[Source, ...]:
    """The passages that it was given, best first."""
    if answer.retrieval is None:
        return ()
    return tuple(
        Source(found.passage.document, found.passage.heading, round(found.score, 3))
        for found in answer.retrieval.found
    )
