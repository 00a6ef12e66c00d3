"""Which measurements a run of the bench makes, in their order."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measurement:
    """`floor_ms` is what the contract's delays add up to under the policy that the stack runs."""

    name: str
    stack: str
    sessions: int = 10
    turns: int = 10
    floor_ms: float = 400.0
    partial_ms: float | None = None
    interrupts: bool = False
    options: tuple[str, ...] = ()


OVERHEAD = (
    Measurement("overhead bare", "bare"),
    Measurement("overhead ours", "ours"),
    Measurement("overhead ours, nothing kept", "ours", options=("alone",)),
    Measurement("overhead livekit tuned", "livekit", options=("tuned",)),
    Measurement("overhead livekit default", "livekit"),
    Measurement("overhead pipecat minimal", "pipecat", options=("minimal",)),
    Measurement("overhead pipecat default", "pipecat"),
)
WITH_PARTIAL = (
    Measurement("partial bare", "bare", floor_ms=320.0, partial_ms=20.0, options=("commit=300",)),
    Measurement("partial ours", "ours", floor_ms=320.0, partial_ms=20.0),
    Measurement("partial livekit default", "livekit", floor_ms=320.0, partial_ms=20.0),
    Measurement("partial pipecat default", "pipecat", floor_ms=320.0, partial_ms=20.0),
)
INTERRUPTIONS = tuple(
    Measurement(f"interruption {stack}", stack, sessions=3, turns=6, interrupts=True)
    for stack in ("ours", "livekit", "pipecat")
)
DENSITY = (
    *(Measurement(f"{count} sessions ours", "ours", count, 4) for count in (1, 25, 50, 60, 75)),
    Measurement("50 sessions livekit tuned", "livekit", 50, 4, options=("tuned",)),
    Measurement("25 sessions pipecat minimal", "pipecat", 25, 4, options=("minimal",)),
)
ALL = OVERHEAD + WITH_PARTIAL + INTERRUPTIONS + DENSITY
