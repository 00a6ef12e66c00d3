"""What all simulated servers of one run share."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiohttp import web

from callmissed.dev.faults import Fault, FaultBook
from callmissed.dev.ledger import Ledger
from callmissed.dev.scenario import Scenario
from callmissed.dev.speaking import Voicebox


@dataclass
class Simulation:
    """The scenario in force, the faults in force, and what was delivered.

    `spoken` counts scripted utterances of those who ask utterance by utterance, by their place and
    key. `on_faults` is called after every change of the faults.
    """

    scenario: Scenario
    faults: FaultBook = field(default_factory=FaultBook)
    ledger: Ledger = field(default_factory=Ledger)
    voicebox: Voicebox = field(default_factory=Voicebox)
    spoken: Counter[str] = field(default_factory=Counter)
    on_faults: Callable[[], None] = lambda: None

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """These and no others from now on; an open connection keeps what was to strike it."""
        self.faults.set(faults)
        self.on_faults()


SIMULATION = web.AppKey("simulation", Simulation)
