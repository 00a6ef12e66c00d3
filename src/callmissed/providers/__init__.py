"""Everyone outside whom we call: speech and language models, the LiveKit server, carriers,
customers' URLs.

The engines are imported when they are first needed: a process that only reads the catalogue loads
none of them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from callmissed.domain.knowledge import Passage
from callmissed.domain.models import Access, Candidate, Model, Provider, Route, SpareVoice
from callmissed.domain.usage import Meter
from callmissed.domain.usage import NoMeter as NoMeter
from callmissed.kit.addresses import Network
from callmissed.kit.breaker import Breaker
from callmissed.kit.recent import Recent

if TYPE_CHECKING:
    from livekit.agents import llm, stt, tts

    from callmissed.providers.connections import Connections
    from callmissed.providers.local.decoders import DecoderPool
    from callmissed.providers.local.voices import Voices


Engine = TypeVar("Engine")

MAX_REFUSALS = 10_000
LOCAL_ACCESS = Access(Provider("local", wire="local", needs_key=False))


@dataclass(frozen=True, slots=True)
class Models:
    """The models of one session, the chosen one first, its spares behind it; never shared between
    sessions.
    """

    stt: tuple[Candidate[stt.STT[Any]], ...]
    llm: tuple[Candidate[llm.LLM[Any]], ...]
    tts: tuple[Candidate[tts.TTS[Any]], ...]


class Warm:
    """What the sessions of one process share below their models: speech decoders, synthesis
    engines, connections to providers.

    Make one a process, `await open()` before the first session, `await aclose()` after the last.
    `allowed` are the internal networks that a customer's URL may lead to.
    """

    def __init__(
        self, *, ready_decoders: int = 2, max_decoders: int = 8, allowed: Sequence[Network] = ()
    ) -> None:
        self._allowed = allowed
        self._ready_decoders = ready_decoders
        self._max_decoders = max_decoders
        self._decoders: DecoderPool | None = None
        self._voices: Voices | None = None
        self._connections: Connections | None = None
        self._breakers: dict[tuple[str, str], Breaker] = {}
        self.refused = Recent(MAX_REFUSALS)
        """What a provider refused to an owner's key altogether, so that no later call asks."""

    async def open(self) -> None:
        """Afterwards a first utterance and a first sentence cost no more than any later one.

        Raises RuntimeError where the machine has no synthesis engine at all or no decoder starts.
        """
        from callmissed.providers.local.decoders import DecoderPool
        from callmissed.providers.local.voices import Voices

        self._voices = Voices()
        self._decoders = DecoderPool(ready=self._ready_decoders, limit=self._max_decoders)
        await self._voices.open()
        await self._decoders.open()

    async def aclose(self) -> None:
        """Ends the decoder processes, the synthesis thread and every connection; open sessions
        hear nothing more.
        """
        if self._connections is not None:
            await self._connections.aclose()
        if self._decoders is not None:
            await self._decoders.aclose()
        if self._voices is not None:
            await self._voices.aclose()

    def breaker_of(self, access: Access) -> Breaker:
        """One for each provider and owner of its key."""
        place = (access.provider.name, access.owner)
        return self._breakers.setdefault(place, Breaker(time.monotonic))

    def count_breakers(self) -> dict[str, dict[str, int]]:
        """How many breakers of each provider are in which state."""
        states: dict[str, dict[str, int]] = {}
        for (provider, _owner), breaker in self._breakers.items():
            of_provider = states.setdefault(provider, {})
            of_provider[breaker.state] = of_provider.get(breaker.state, 0) + 1
        return states

    @property
    def connections(self) -> Connections:
        """Made when a session first needs it: local models never do."""
        if self._connections is None:
            from callmissed.providers.connections import Connections

            self._connections = Connections(self._allowed)
        return self._connections

    @property
    def decoders(self) -> DecoderPool:
        if self._decoders is None:
            raise RuntimeError("Warm was not opened.")
        return self._decoders

    @property
    def voices(self) -> Voices:
        if self._voices is None:
            raise RuntimeError("Warm was not opened.")
        return self._voices


def build_models(
    route: Route,
    access: Mapping[str, Access],
    warm: Warm,
    passages: Sequence[Passage] = (),
    meter: Meter = NoMeter(),
) -> Models:
    """Fresh objects for one session over what `warm` shares.

    `access` holds each provider's by its name; local ones need none. A model whose provider cannot
    be reached any more is left out. Raises LookupError where none is left for a service, and for a
    model that this installation has no code for. `passages` are what the call is likely to be
    about.
    """
    from callmissed.providers import builders

    parts = builders.Parts(route, warm, passages, meter)
    ways = {LOCAL_ACCESS.provider.name: LOCAL_ACCESS, **access}

    def serve(model: Model, engine: Engine) -> Candidate[Engine]:
        return Candidate(model, engine, warm.breaker_of(ways[model.provider]))

    ears = _reached((route.stt, *route.spare_stt), ways)
    minds = _reached((route.llm, *route.spare_llm), ways)
    voices = {one.model.id: one for one in (SpareVoice(route.tts, route.voice), *route.spare_tts)}
    mouths = [voices[one.id] for one in _reached([one.model for one in voices.values()], ways)]
    return Models(
        stt=tuple(serve(one, builders.build_stt(one, ways[one.provider], parts)) for one in ears),
        llm=tuple(serve(one, builders.build_llm(one, ways[one.provider], parts)) for one in minds),
        tts=tuple(
            serve(one.model, builders.build_tts(one, ways[one.model.provider], parts))
            for one in mouths
        ),
    )


def build_minds(
    route: Route, access: Mapping[str, Access], warm: Warm, meter: Meter = NoMeter()
) -> tuple[Candidate[llm.LLM[Any]], ...]:
    """The language models alone, as `build_models` makes them; `warm` need not be open."""
    from callmissed.providers import builders

    parts = builders.Parts(route, warm, (), meter)
    ways = {LOCAL_ACCESS.provider.name: LOCAL_ACCESS, **access}
    return tuple(
        Candidate(
            one,
            builders.build_llm(one, ways[one.provider], parts),
            warm.breaker_of(ways[one.provider]),
        )
        for one in _reached((route.llm, *route.spare_llm), ways)
    )


def _reached(models: Sequence[Model], ways: Mapping[str, Access]) -> list[Model]:
    """Without those whose key was taken away since the call was made. Raises LookupError where
    nothing is left.
    """
    found = [model for model in models if model.provider in ways]
    if not found:
        raise LookupError(f"There is no way to reach {models[0].provider!r} any more.")
    return found
