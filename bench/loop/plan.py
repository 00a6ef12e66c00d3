"""Which measurements a run of the bench makes, in their order."""

from dataclasses import dataclass

from bench.loop.contract import PERIOD_S

FIXED_S = 13.0
OPENING_S = 0.03
ENTERING_S = 0.7
INTERRUPTED_TURN_S = 13.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """`floor_ms` is what the contract's delays add up to under the policy that the stack runs.
    `in_rooms`: through a livekit-server, heard by callers of another process.
    """

    name: str
    stack: str
    sessions: int = 10
    turns: int = 10
    floor_ms: float = 400.0
    partial_ms: float | None = None
    interrupts: bool = False
    options: tuple[str, ...] = ()
    in_rooms: bool = False

    @property
    def takes_s(self) -> float:
        """About how long it will take."""
        if self.interrupts:
            return FIXED_S + INTERRUPTED_TURN_S * self.turns
        opening_s = (ENTERING_S if self.in_rooms else OPENING_S) * self.sessions
        return FIXED_S + opening_s + PERIOD_S * (self.turns + 1)


def _in_rooms(stack: str, counts: tuple[int, ...], *options: str) -> tuple[Measurement, ...]:
    name = " ".join((stack, *options)) if options or stack == "ours" else f"{stack} default"
    return tuple(
        Measurement(f"{count} in rooms {name}", stack, count, 4, options=options, in_rooms=True)
        for count in counts
    )


OVERHEAD = (
    Measurement("overhead bare", "bare"),
    Measurement("overhead ours", "ours"),
    Measurement("overhead ours, nothing kept", "ours", options=("alone",)),
    Measurement("overhead livekit tuned", "livekit", options=("tuned",)),
    Measurement("overhead livekit default", "livekit", turns=6),
    Measurement("overhead pipecat minimal", "pipecat", options=("minimal",)),
    Measurement("overhead pipecat default", "pipecat", turns=6),
)
WITH_PARTIAL = (
    Measurement(
        "partial bare", "bare", turns=6, floor_ms=320.0, partial_ms=20.0, options=("commit=300",)
    ),
    Measurement("partial ours", "ours", floor_ms=320.0, partial_ms=20.0),
    Measurement("partial livekit default", "livekit", turns=6, floor_ms=320.0, partial_ms=20.0),
    Measurement("partial pipecat default", "pipecat", turns=6, floor_ms=320.0, partial_ms=20.0),
)
INTERRUPTIONS = tuple(
    Measurement(f"interruption {stack}", stack, sessions=5, turns=5, interrupts=True)
    for stack in ("ours", "livekit", "pipecat")
)
DENSITY = (
    *(Measurement(f"{count} sessions ours", "ours", count, 4) for count in (1, 25, 50, 60, 75)),
    Measurement("50 sessions livekit tuned", "livekit", 50, 4, options=("tuned",)),
    Measurement("25 sessions pipecat minimal", "pipecat", 25, 4, options=("minimal",)),
)
IN_ROOMS = (
    *_in_rooms("ours", (1, 5, 10, 12, 14)),
    *_in_rooms("livekit", (1, 10), "tuned"),
    *_in_rooms("livekit", (1, 10)),
)
ALL = OVERHEAD + WITH_PARTIAL + INTERRUPTIONS + DENSITY + IN_ROOMS
