"""One use of a simulated provider, a request or a socket, with what is to go wrong with it."""

import asyncio
import socket
import struct
from typing import Any, NoReturn

from aiohttp import web

from callmissed.dev.errors import Refused
from callmissed.dev.faults import Fault, Kind, Strike
from callmissed.dev.ledger import Request
from callmissed.dev.simulation import SIMULATION, Simulation

HUGE_BYTES = 10 << 20
_ENDING: tuple[Kind, ...] = (
    *("stall", "fin", "reset", "close"),
    *("error_inside", "rate_limit", "quota", "server_error"),
)
_LINGER_NONE = struct.pack("ii", 1, 0)


class Gone(ConnectionResetError):  # noqa: N818
    """The connection was ended on purpose; the server has nothing more to say on it."""


class Use:
    """What was sent and heard on one connection, compared with the fault that is to strike it.

    Make it with `open_use`. `entry` is its line in the ledger.
    """

    def __init__(self, request: web.Request, entry: Request, strike: Strike | None) -> None:
        self.request = request
        self.entry = entry
        self._strike = strike
        self._counted = {"messages": 0, "bytes": 0, "audio_ms": 0}
        self._is_struck = False
        self._is_mute = False

    @property
    def simulation(self) -> Simulation:
        return self.request.app[SIMULATION]

    @property
    def fault(self) -> Fault | None:
        return self._strike.fault if self._strike else None

    def suffers(self, *kinds: Kind) -> bool:
        """Whether one of these, which change what is said, is to strike this use."""
        return self._strike is not None and self._strike.kind in kinds

    def befall(self, fault: Fault, at: int) -> None:
        """From here on this fault strikes it, in place of any other: after `at` more of its unit."""
        self._strike = Strike(fault, self._counted[fault.unit] + at)
        self._is_struck = False

    def count(self, *, messages: int = 0, size: int = 0, audio_ms: int = 0) -> None:
        """Counts what went over the line.

        Raises Gone, Closing or Failing where the fault ends it by now.
        """
        self._counted["messages"] += messages
        self._counted["bytes"] += size
        self._counted["audio_ms"] += audio_ms
        if self.suffers(*_ENDING) and self._is_due():
            self._end(self._take())

    def bytes_left(self) -> int | None:
        """How many bytes may still be sent before the fault strikes; None: any number."""
        if self._strike is None or self._is_struck or self._strike.fault.unit != "bytes":
            return None
        return max(0, self._strike.at - self._counted["bytes"])

    def garbage(self) -> bytes | None:
        """What is to be sent now instead of a message: no JSON, or far too much; else None."""
        if not self.suffers("malformed", "huge_line") or not self._is_due():
            return None
        fault = self._take()
        return b'{"broken": ' if fault.kind == "malformed" else b'"' + b"x" * HUGE_BYTES + b'"'

    @property
    def is_mute(self) -> bool:
        """Stalled: nothing is sent any more, though the connection stands."""
        return self._is_mute

    def finish(self) -> None:
        if self.entry.outcome == "open":
            self.entry.outcome = "finished"

    def cut(self, *, with_reset: bool = False) -> NoReturn:
        """Ends the connection below the protocol: FIN behind what was written, or RST."""
        self.entry.outcome = "failed"
        cut_connection(self.request, with_reset=with_reset)

    def _is_due(self) -> bool:
        strike = self._strike
        if strike is None or self._is_struck:
            return False
        return self._counted[strike.fault.unit] >= strike.at

    def _take(self) -> Fault:
        assert self._strike is not None
        self._is_struck = True
        return self._strike.fault

    def _end(self, fault: Fault) -> None:
        self.entry.outcome = "failed"
        match fault.kind:
            case "stall":
                self._is_mute = True
            case "close":
                raise Closing(fault.code)
            case "fin" | "reset":
                self.cut(with_reset=fault.kind == "reset")
            case _:
                raise Failing(fault)


class Closing(Exception):  # noqa: N818
    """The socket is to be closed cleanly, with this code; a stream ends without its last words."""

    def __init__(self, code: int) -> None:
        super().__init__(f"close {code}")
        self.code = code


class Failing(Exception):  # noqa: N818
    """The vendor's error message is to be sent in an answer that began well, and then the end."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.kind)
        self.fault = fault

    @property
    def refused(self) -> Refused:
        why = self.fault.kind
        if why in ("rate_limit", "quota"):
            return Refused("rate_limit" if why == "rate_limit" else "quota")
        return Refused("server_error", status=self.fault.status)


async def open_use(
    request: web.Request, place: str, key: str, model: str, fields: dict[str, Any]
) -> Use:
    """Writes the use into the ledger and lets faults strike that come before any answer.

    Raises Refused, the answer with the vendor's error, for those that answer, Gone for a reset;
    never returns where it hangs.
    """
    simulation = request.app[SIMULATION]
    entry = simulation.ledger.open(place, model, key, fields)
    use = Use(request, entry, simulation.faults.use(place, key))
    simulation.uses.add(use)
    fault = use.fault
    if not key or key.startswith("bad"):
        entry.outcome = "failed"
        raise Refused("bad_key")
    if fault is None:
        return use
    if fault.kind == "refuse":
        use.cut(with_reset=True)
    if fault.kind == "hang":
        entry.outcome = "failed"
        await asyncio.Event().wait()
    if fault.kind in ("rate_limit", "quota", "server_error") and not (
        fault.after or fault.random_after
    ):
        entry.outcome = "failed"
        raise Refused(fault.kind, status=fault.status, retry_after_s=fault.retry_after_s)
    return use


def cut_connection(request: web.Request, *, with_reset: bool) -> NoReturn:
    transport = request.transport
    if transport is not None:
        if with_reset:
            line: socket.socket = transport.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
            transport.abort()
        else:
            transport.close()
    raise Gone("ended on purpose")
