"""Is a port free, and which ones are. A probe: the port may be taken before it is used."""

import errno
import socket

from callmissed.runtime.faults import StartError


def check_public_port(host: str, port: int) -> None:
    """Raises StartError where nobody can listen on `host:port`."""
    try:
        problem = _bind_problem(host, port, socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise StartError(
            "CALLMISSED_HOST", f"{host} is not an address.", "Use 127.0.0.1, or 0.0.0.0 for all."
        ) from error
    if problem is None:
        return
    if problem.errno == errno.EADDRINUSE:
        raise StartError(
            "CALLMISSED_PORT",
            f"port {port} on {host} is in use by another program.",
            f"End that program, or choose another port: --port {_free(host)}",
        )
    if problem.errno == errno.EACCES:
        raise StartError(
            "CALLMISSED_PORT",
            f"port {port} needs rights that this user has not.",
            "Choose a port above 1023 with --port.",
        )
    raise StartError(
        "CALLMISSED_HOST",
        f"{host} is no address of this machine ({problem.strerror}).",
        "Use 127.0.0.1, or 0.0.0.0 for all.",
    )


def is_free(host: str, port: int, kind: socket.SocketKind) -> bool:
    """`kind` is `SOCK_STREAM` for TCP, `SOCK_DGRAM` for UDP."""
    return _bind_problem(host, port, kind) is None


def free_ports(host: str, count: int) -> list[int]:
    """`count` different ports that are free for TCP just now."""
    probes = [socket.create_server((host, 0)) for _ in range(count)]
    ports: list[int] = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _bind_problem(host: str, port: int, kind: socket.SocketKind) -> OSError | None:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=kind)[0]
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            if kind is socket.SOCK_STREAM:
                probe.listen(1)
        except OSError as error:
            return error
    return None


def _free(host: str) -> int:
    return free_ports(host if "." in host else "127.0.0.1", 1)[0]
