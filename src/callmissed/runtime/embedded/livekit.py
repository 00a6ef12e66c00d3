"""livekit-server on this machine: its ports, its configuration file, its start.

It listens on loopback only, but for its TCP media port: livekit-server 1.13.5 binds that one to
every interface whatever `bind_addresses` says. Rooms are made by us alone (`auto_create: false`).
"""

import asyncio
import json
import signal
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from callmissed.domain.sessions import RECONNECT_WINDOW_S, ROOM_EMPTY_TIMEOUT_S
from callmissed.runtime.children import Command
from callmissed.runtime.embedded.ports import free_ports, is_free
from callmissed.runtime.embedded.secrets import write_private
from callmissed.runtime.faults import StartError
from callmissed.runtime.supervisor import Child

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
DEFAULT_PORT = 7880


@dataclass(frozen=True, slots=True)
class MediaServer:
    """One livekit-server: signalling on `port`, media over UDP and, where that is blocked, TCP."""

    program: Path
    config: Path
    port: int
    tcp_port: int
    udp_port: int
    key: str
    secret: str

    @property
    def url(self) -> str:
        return f"ws://{LOOPBACK}:{self.port}"


def choose_ports(wanted: int | None) -> tuple[int, int, int]:
    """Signalling, TCP media and UDP media port: `wanted` and the next two, else 7880 or free ones.

    Raises StartError where the wanted ones are in use.
    """
    ports = _three_from(wanted or DEFAULT_PORT)
    if _all_free(*ports):
        return ports
    if wanted is not None:
        raise StartError(
            "CALLMISSED_LIVEKIT_PORT",
            f"one of the ports {wanted} to {wanted + 2} is in use by another program.",
            "Choose another one, or leave it unset: free ports are found then.",
        )
    port, tcp_port, udp_port = free_ports(EVERYWHERE, 3)
    return port, tcp_port, udp_port


def write_config(
    folder: Path, program: Path, ports: tuple[int, int, int], key: str, secret: str
) -> MediaServer:
    """Writes `livekit.yaml` (JSON, which is YAML; mode 0600: it holds the secret) into `folder`."""
    port, tcp_port, udp_port = ports
    config = {
        "port": port,
        "bind_addresses": [LOOPBACK],
        "rtc": {
            "tcp_port": tcp_port,
            "udp_port": udp_port,
            "use_external_ip": False,
            "node_ip": LOOPBACK,
            "enable_loopback_candidate": True,
            "interfaces": {"includes": ["lo", "lo0"]},
            # Without it clients are sent to public STUN servers by name: outside traffic, and a
            # thread for each look-up where names do not resolve.
            "stun_servers": [f"{LOOPBACK}:{udp_port}"],
        },
        "keys": {key: secret},
        "room": {
            "auto_create": False,
            "empty_timeout": ROOM_EMPTY_TIMEOUT_S,
            "departure_timeout": RECONNECT_WINDOW_S,
        },
        "logging": {"level": "warn", "pion_level": "error", "json": True},
    }
    path = folder / "livekit.yaml"
    write_private(path, json.dumps(config, indent=2) + "\n")
    return MediaServer(program, path, port, tcp_port, udp_port, key, secret)


def livekit_child(server: MediaServer) -> Child:
    return Child(
        "livekit",
        Command([str(server.program), "--config", str(server.config)]),
        ready=partial(_wait_until_ready, server),
        # At the first signal it waits for the rooms to empty, at the second it ends.
        stop=((signal.SIGTERM, 1.0), (signal.SIGTERM, 1.0)),
    )


async def _wait_until_ready(server: MediaServer) -> None:
    """Returns when the server answers 200; waits for ever while it does not."""
    import httpx2

    async with httpx2.AsyncClient(timeout=1.0, trust_env=False) as client:
        while True:
            try:
                answer = await client.get(f"http://{LOOPBACK}:{server.port}/")
            except httpx2.TransportError:
                await asyncio.sleep(0.03)
                continue
            if answer.status_code == 200:
                return
            await asyncio.sleep(0.1)


def _three_from(first: int) -> tuple[int, int, int]:
    return first, first + 1, first + 2


def _all_free(port: int, tcp_port: int, udp_port: int) -> bool:
    return (
        is_free(LOOPBACK, port, socket.SOCK_STREAM)
        and is_free(EVERYWHERE, tcp_port, socket.SOCK_STREAM)
        and is_free(LOOPBACK, udp_port, socket.SOCK_DGRAM)
    )
