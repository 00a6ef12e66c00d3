"""Passwords at rest: Argon2id with the library's defaults (RFC 9106, low-memory profile)."""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    """A PHC string; 64 MiB and about 0.1 s of a core."""
    return _HASHER.hash(_bytes_of(password))


def password_fits(password_hash: str, password: str) -> bool:
    """As much work for a wrong password as for the right one; a torn hash fits nothing."""
    try:
        return _HASHER.verify(password_hash, _bytes_of(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """True where it was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _bytes_of(password: str) -> bytes:
    """One form for the same characters however a keyboard composed them."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
