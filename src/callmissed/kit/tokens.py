"""Random secrets and checksummed keys.

A key is `<prefix>_` + 30 random base62 characters + 6 base62 characters of the CRC32 of what stands before them,
so a mistyped or invented key is told apart offline (the scheme GitHub published for its tokens in 2021).
"""

import hashlib
import hmac
import secrets
import zlib

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_CHARS = 30
CHECKSUM_CHARS = 6


def random_base62(chars: int) -> str:
    """About 5.95 bits of entropy a character."""
    return "".join(secrets.choice(BASE62) for _ in range(chars))


def mint_key(prefix: str) -> str:
    body = f"{prefix}_{random_base62(RANDOM_CHARS)}"
    return body + _checksum(body)


def key_is_well_formed(key: str, prefix: str) -> bool:
    """True when prefix, length, alphabet and checksum fit; says nothing about whether the key was ever issued."""
    if len(key) != len(prefix) + 1 + RANDOM_CHARS + CHECKSUM_CHARS or not key.startswith(
        f"{prefix}_"
    ):
        return False
    secret = key[len(prefix) + 1 :]
    if any(char not in BASE62 for char in secret):
        return False
    return hmac.compare_digest(_checksum(key[:-CHECKSUM_CHARS]), key[-CHECKSUM_CHARS:])


def keyed_hash(pepper: bytes, secret: str) -> bytes:
    """32 bytes of HMAC-SHA256; what the database stores in a secret's place."""
    return hmac.new(pepper, secret.encode(), hashlib.sha256).digest()


def mask(secret: str, *, head: int = 7, tail: int = 4) -> str:
    """`cm_AbCd…wxyz`; a secret too short to hide anything becomes dots only."""
    if len(secret) < 2 * (head + tail):
        return "…"
    return f"{secret[:head]}…{secret[-tail:]}"


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECKSUM_CHARS):
        number, rest = divmod(number, 62)
        digits = BASE62[rest] + digits
    return digits
