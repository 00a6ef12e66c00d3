"""How much memory and disk a host has left, as shares between 0 and 1."""

import contextlib
import shutil
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def free_disk_share(path: Path) -> float:
    """Of the file system that holds `path`; 1 where that cannot be told."""
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return 1.0
    return usage.free / usage.total if usage.total else 1.0


def free_memory_share(meminfo: Path = MEMINFO, cgroup: Path = CGROUP) -> float:
    """Of the host, or of this container where that is less; 1 where neither can be told (Linux:
    proc_meminfo(5), cgroup v2 `memory.max`).
    """
    return min(_of_host(meminfo), _of_container(cgroup))


def _of_host(meminfo: Path) -> float:
    with contextlib.suppress(OSError, ValueError, KeyError, ZeroDivisionError):
        fields = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        kilobytes = {name: int(value.split()[0]) for name, value in fields.items()}
        return kilobytes["MemAvailable"] / kilobytes["MemTotal"]
    return 1.0


def _of_container(cgroup: Path) -> float:
    """Cached files count as free: the kernel gives them up first."""
    with contextlib.suppress(OSError, ValueError, KeyError, ZeroDivisionError):
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
        stat = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        return max(0.0, 1 - (used - int(stat["inactive_file"])) / limit)
    return 1.0
