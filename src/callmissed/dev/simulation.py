"""What all simulated servers of one run share."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol
from weakref import WeakSet

from aiohttp import web

from callmissed.dev.faults import Fault, FaultBook, covers
from callmissed.dev.ledger import Ledger, Request
from callmissed.dev.scenario import Scenario
from callmissed.dev.speaking import Voicebox


class OpenUse(Protocol):
    """A connection that faults can strike while it is open."""

    entry: Request

    def befall(self, fault: Fault, at: int) -> None:
        """It strikes after `at` more of its unit, in place of any other."""


@dataclass
class Simulation:
    """The scenario in force, the faults in force, and what was delivered.

    `spoken` counts scripted utterances of those who ask utterance by utterance, by their place and
    key. `on_faults` is called after every change of the faults. `uses` are the connections that may
    be open.
    """

    scenario: Scenario
    faults: FaultBook = field(default_factory=FaultBook)
    ledger: Ledger = field(default_factory=Ledger)
    voicebox: Voicebox = field(default_factory=Voicebox)
    spoken: Counter[str] = field(default_factory=Counter)
    uses: WeakSet[OpenUse] = field(default_factory=WeakSet)
    on_faults: Callable[[], None] = lambda: None

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """These and no others from now on; an open connection keeps what was to strike it."""
        self.faults.set(faults)
        self.on_faults()

    def strike_open(self, fault: Fault) -> None:
        """This fault strikes what is open at its place now, `fault.after` of its unit from now."""
        for use in list(self.uses):
            is_meant = covers(fault.place, use.entry.place) and fault.key in (None, use.entry.key)
            if is_meant and use.entry.outcome == "open":
                use.befall(fault, fault.after or 0)


SIMULATION = web.AppKey("simulation", Simulation)
