"""The installation's own secrets: made at the first start, kept beside the data, mode 0600."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from callmissed.kit.tokens import random_base62
from callmissed.runtime.faults import StartError

FILE_NAME = "secrets.json"


@dataclass(frozen=True, slots=True)
class InstallationSecrets:
    """`secret` is CALLMISSED_SECRET; the rest opens the embedded servers."""

    secret: str
    postgres_admin_password: str
    postgres_password: str
    livekit_api_key: str
    livekit_api_secret: str


def keep_secrets(data_dir: Path) -> InstallationSecrets:
    """Reads the secrets of `data_dir`, or makes them where it has none.

    Raises StartError where the file cannot be read, or is gone while the database is there.
    """
    path = data_dir / FILE_NAME
    if path.exists():
        return _read(path)
    if (data_dir / "postgres").exists():
        raise StartError(
            str(path),
            "is missing, and the database beside it cannot be opened without it.",
            "Put it back from your copy, or start with another --data-dir.",
        )
    made = InstallationSecrets(
        secret=secrets.token_hex(32),
        postgres_admin_password=random_base62(32),
        postgres_password=random_base62(32),
        livekit_api_key=f"API{random_base62(12)}",
        livekit_api_secret=random_base62(43),
    )
    write_private(path, json.dumps(asdict(made), indent=2) + "\n")
    return made


def write_private(path: Path, text: str) -> None:
    """Replaces `path` in one step; only this user can read it, at no moment half of it."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def _read(path: Path) -> InstallationSecrets:
    try:
        found = json.loads(path.read_text())
        return InstallationSecrets(
            **{f.name: str(found[f.name]) for f in fields(InstallationSecrets)}
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StartError(
            str(path),
            f"cannot be read ({type(error).__name__}).",
            "Put it back from your copy, or start with another --data-dir.",
        ) from error
