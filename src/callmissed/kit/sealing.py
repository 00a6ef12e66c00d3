"""Secrets at rest: AES-256-GCM, bound to the place where they are kept, so that no row can take
another's.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class SealBrokenError(Exception):
    """Another key, another place, or bytes that were changed."""


def seal(key: bytes, plain: str, *, place: str) -> bytes:
    """12 bytes of nonce, then the ciphertext with its tag. `place` names table, column and row."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain.encode(), place.encode())


def unseal(key: bytes, sealed: bytes, *, place: str) -> str:
    """Raises SealBrokenError."""
    try:
        return (
            AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode()).decode()
        )
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError from error
