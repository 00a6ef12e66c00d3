"""How the vendors of a call fail in one turn of it: which of them, in which way, when."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from callmissed.dev.faults import REFUSED, Fault, Kind
from callmissed.dev.providers import Providers
from callmissed.domain.models import Service

WELL = 1 / 6
"""So many turns meet no fault."""
SPARE_TOO = 0.1
"""So many faults are the spare's too."""
LATE_MESSAGES = 12
UTTERANCE_MS = 1_700
"""What a caller takes to think and to ask."""

LLM_KINDS: tuple[Kind, ...] = (
    *("refuse", "hang", "stall", "fin", "reset", "rate_limit", "quota", "server_error"),
    *("malformed", "huge_line", "reasoning_only", "empty", "error_inside"),
)
TTS_KINDS: tuple[Kind, ...] = (
    *("refuse", "hang", "stall", "fin", "reset", "close", "rate_limit", "server_error"),
    *("malformed", "huge_line", "empty", "never_final"),
)
STT_KINDS: tuple[Kind, ...] = (
    *("refuse", "hang", "stall", "fin", "reset", "close", "rate_limit", "server_error"),
    *("malformed", "huge_line", "never_final", "error_inside"),
)
KINDS = {Service.STT: STT_KINDS, Service.LLM: LLM_KINDS, Service.TTS: TTS_KINDS}
PLACES = {
    Service.STT: ("sarvam.realtime", "audio.stt"),
    Service.LLM: ("clarifai.chat", "openrouter.chat"),
    Service.TTS: ("sarvam.tts", "audio.tts"),
}


@dataclass(frozen=True)
class TurnFaults:
    """What goes wrong in one turn; nothing where `service` is None.

    `coming` strike connections that are made from now on, `open_ones` those that stand.
    """

    service: Service | None = None
    kind: str = "none"
    coming: Sequence[Fault] = ()
    open_ones: Sequence[Fault] = ()

    def __str__(self) -> str:
        is_spare_too = len({fault.place for fault in self.coming}) > 1
        return f"{self.service or ''} {self.kind}{' spare too' if is_spare_too else ''}".strip()

    def begin(self, sims: Providers) -> None:
        """These and no others from now on."""
        sims.set_fault(*self.coming)
        for fault in self.open_ones:
            sims.strike_open(fault)


def draw_faults(dice: random.Random) -> TurnFaults:
    """At once or later in the answer or the utterance, once or as long as the turn lasts."""
    if dice.random() < WELL:
        return TurnFaults()
    service = dice.choice(list(KINDS))
    kind = dice.choice(KINDS[service])
    chosen, spare = PLACES[service]
    places = (chosen, spare) if dice.random() < SPARE_TOO else (chosen,)
    uses = dice.choice([(1,), ()])
    seed = dice.randrange(1_000_000)
    if service is Service.STT:
        return _of_recogniser(dice, kind, places, uses)
    late = dice.choice([None, LATE_MESSAGES])
    coming = [Fault(place, kind, random_after=late, uses=uses, seed=seed) for place in places]
    return TurnFaults(service, kind, coming)


def _of_recogniser(
    dice: random.Random, kind: Kind, places: Sequence[str], uses: tuple[int, ...]
) -> TurnFaults:
    """The socket that hears the caller breaks in the middle of what they say; the one after it too,
    where the fault is of that kind or lasts.
    """
    after_ms = dice.randint(0, UTTERANCE_MS)
    breaks: Kind = "fin" if kind in REFUSED else kind
    broken = Fault(places[0], breaks, after=after_ms, unit="audio_ms")
    coming = [Fault(place, kind, uses=uses) for place in places]
    lasts = kind in REFUSED or not uses
    return TurnFaults(
        Service.STT, kind, coming if lasts else coming[1:], [replace(broken, uses=())]
    )
