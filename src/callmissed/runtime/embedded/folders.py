"""The data folder, and the system user that PostgreSQL runs as where we are root.

PostgreSQL refuses to run as root; as another user it must be able to reach its files.
"""

import os
import pwd
import stat
import subprocess
from pathlib import Path

from callmissed.runtime.children import Account
from callmissed.runtime.faults import StartError

SYSTEM_USER = "callmissed"
USERADD_WAIT_S = 20.0
FIRST_FILES = {"up.lock", "secrets.json"}


def make_data_dir(data_dir: Path) -> None:
    """Makes the folder; as root one that the server's user can pass, else a private one.

    Raises StartError where it cannot be made or written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise StartError(
            str(data_dir),
            f"cannot be made ({error.strerror}).",
            "Choose a folder that you may write with --data-dir.",
        ) from error
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise StartError(
            str(data_dir),
            "cannot be written.",
            "Choose a folder that you may write with --data-dir.",
        )


def let_server_pass(data_dir: Path, account: Account | None) -> None:
    """Opens a folder that holds nothing but our first files for passing, no other one.

    Raises StartError where `account` cannot reach `data_dir`.
    """
    is_new = {entry.name for entry in data_dir.iterdir()} <= FIRST_FILES
    if account is not None and is_new:
        data_dir.chmod(data_dir.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    blocked = blocking_folder(data_dir, account)
    if blocked is not None:
        raise StartError(
            str(data_dir),
            f"cannot be reached by the user {SYSTEM_USER}, as whom PostgreSQL runs.",
            f"Choose another --data-dir, or allow passing: chmod o+x {blocked}",
        )


def server_account() -> Account | None:
    """The user that PostgreSQL runs as: None for ourselves; as root `callmissed`, made if missing.

    Raises StartError where that user cannot be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _add_user()
        entry = pwd.getpwnam(SYSTEM_USER)
    return Account(entry.pw_uid, entry.pw_gid)


def give_folder(path: Path, account: Account | None) -> None:
    """Makes `path` (0700) if missing, and gives it to `account`."""
    path.mkdir(exist_ok=True, mode=0o700)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)


def blocking_folder(path: Path, account: Account | None) -> Path | None:
    """The first folder on the way to `path` (itself included) that `account` cannot pass."""
    if account is None:
        return None
    resolved = path.resolve()
    for folder in reversed([resolved, *resolved.parents]):
        if folder.is_dir() and not _may_pass(folder.stat(), account):
            return folder
    return None


def _may_pass(entry: os.stat_result, account: Account) -> bool:
    if entry.st_uid == account.uid:
        return bool(entry.st_mode & stat.S_IXUSR)
    if entry.st_gid == account.gid:
        return bool(entry.st_mode & stat.S_IXGRP)
    return bool(entry.st_mode & stat.S_IXOTH)


def _add_user() -> None:
    command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", "--user-group", SYSTEM_USER]
    hint = f"Make the system user {SYSTEM_USER}, or run as a normal user, or set DATABASE_URL."
    try:
        made = subprocess.run(command, capture_output=True, text=True, timeout=USERADD_WAIT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StartError("useradd", f"failed ({type(error).__name__}).", hint) from error
    if made.returncode != 0 and not _user_exists():
        raise StartError("useradd", made.stderr.strip() or "failed.", hint)


def _user_exists() -> bool:
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return False
    return True
