"""Passwords at rest: Argon2id with the library's defaults (RFC 9106, low-memory profile)."""

from argon2 import PasswordHasher


def hash_password(password: str) -> str:
    """A PHC string; about 50 ms of one core."""
    return PasswordHasher().hash(password)
