"""What calls tell of themselves, as metrics: the same notes that become the transcript."""

from typing import Any
from uuid import UUID

from callmissed.domain.calls import CallEnded, CallerArrived, TurnFinished
from callmissed.domain.turns import Turn
from callmissed.kit.breaker import CIRCUIT_OPEN
from callmissed.runtime.metrics import Board
from callmissed.runtime.wire import Numbered


class CallMetrics:
    """Give it each note once, in any order."""

    def __init__(self, board: Board) -> None:
        self._begun = board.count("calls_begun", "Calls in which a caller was heard.")
        self._ended = board.count("calls_ended", "Runs of calls that are over.", "reason")
        self._caller_s = board.count("caller_audio_seconds", "Sound that callers sent.")
        self._agent_s = board.count("agent_audio_seconds", "Sound of the agent that was played.")
        self._turns = TurnMetrics(board)

    def note(self, _session_id: UUID, _epoch: int, item: Numbered) -> None:
        match item.note:
            case CallerArrived():
                self._begun.inc()
            case TurnFinished(turn=turn):
                self._turns.note(turn)
            case CallEnded() as end:
                self._ended.labels(end.reason.value).inc()
                self._caller_s.inc(end.caller_audio_s)
                self._agent_s.inc(end.agent_audio_s)


class TurnMetrics:
    """How long turns took, and what went wrong in them."""

    def __init__(self, board: Board) -> None:
        self._turns = board.count(
            "turns",
            "Turns: answered, interrupted, unanswered, or of the agent's own accord.",
            "outcome",
        )
        self._first_audio_s = board.measure(
            "turn_first_audio_seconds", "From the caller's last sound to the agent's first."
        )
        self._stages_s = board.measure(
            "turn_stage_seconds", "Consecutive parts of the time to the first audio.", "stage"
        )
        self._stt_s = board.measure(
            "turn_stt_seconds",
            "From the caller's last sound to the final words; part of the stage end_of_turn.",
        )
        self._retrieval_s = board.measure(
            "turn_retrieval_seconds", "How long documents were searched, on a guess or not."
        )
        self._stop_s = board.measure(
            "turn_stop_seconds", "From the onset of a caller who interrupts to silence."
        )
        self._over = board.count(
            "turns_over_budget",
            "Turns in which the stage took longer than its budget; first_audio: the turn as a whole.",
            "stage",
        )
        self._early_s = board.measure(
            "turn_early_seconds", "How long before the end of the turn its answer was begun."
        )
        self._troubles = TroubleMetrics(board)

    def note(self, turn: Turn) -> None:
        self._turns.labels(outcome_of(turn)).inc()
        for metric, took_ms in (
            (self._first_audio_s, turn.first_audio_ms),
            (self._stt_s, turn.stt_ms),
            (self._retrieval_s, turn.retrieval_ms),
            (self._stop_s, turn.stop_ms),
            (self._early_s, turn.trace.get("speculation", {}).get("early_ms")),
        ):
            if took_ms is not None:
                metric.observe(took_ms / 1000)
        for stage, took_ms in turn.stages.items():
            self._stages_s.labels(stage).observe(took_ms / 1000)
        for stage in turn.trace.get("over_budget", ()):
            self._over.labels(stage).inc()
        self._troubles.note(turn.trace)


class TroubleMetrics:
    """Guesses in vain, failing models, what was said while the caller waited, tools."""

    def __init__(self, board: Board) -> None:
        self._guesses = board.count(
            "guesses",
            "Answers begun before the turn was over: used or thrown_away.",
            "outcome",
        )
        self._errors = board.count(
            "provider_errors", "Models that failed in a turn.", "service", "provider", "kind"
        )
        self._fallbacks = board.count(
            "fallbacks",
            "Models that were left for the next one, also where none was behind them.",
            "service",
            "provider",
        )
        self._reconnects = board.count(
            "stt_reconnects", "Connections to recognisers that were lost or left."
        )
        self._failures = board.count(
            "turns_failed", "Turns that ended in an apology, by the service that failed.", "service"
        )
        self._fillers = board.count("fillers", "Sentences said while the caller waited.")
        self._false_alarms = board.count(
            "false_alarms", "Pauses of the agent at a sound that meant nothing."
        )
        self._tools = board.count("tool_runs", "Tools that were run.", "outcome")
        self._tools_s = board.measure("tool_run_seconds", "How long tools took.")

    def note(self, trace: dict[str, Any]) -> None:
        if speculation := trace.get("speculation"):
            self._guesses.labels("used").inc(bool(speculation["used"]))
            self._guesses.labels("thrown_away").inc(speculation["thrown_away"])
        for left in trace.get("fallbacks", ()):
            provider = left.get("provider", "")
            self._fallbacks.labels(left["service"], provider).inc()
            if left["reason"] != CIRCUIT_OPEN:
                self._errors.labels(left["service"], provider, left["reason"]).inc()
        hearing = trace.get("stt", {})
        self._reconnects.inc(hearing.get("reconnects", 0))
        for left in hearing.get("left", ()):
            self._errors.labels("stt", left["provider"], left["reason"]).inc()
        if failure := trace.get("failure"):
            self._failures.labels(failure.partition(":")[0]).inc()
        self._fillers.inc(len(trace.get("fillers", ())))
        self._false_alarms.inc(trace.get("false_alarms", 0))
        for used in trace.get("tools", ()):
            self._tools.labels(used["outcome"]).inc()
            self._tools_s.observe(used["took_ms"] / 1000)


def outcome_of(turn: Turn) -> str:
    """`own_accord` for what nobody had asked for, as a greeting."""
    if turn.user_transcript is None:
        return "own_accord"
    if turn.first_audio_ms is None:
        return "unanswered"
    return "interrupted" if turn.interrupted else "answered"
