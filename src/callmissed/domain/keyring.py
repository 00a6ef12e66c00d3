"""The keys that an installation's secret was derived into, one for each purpose."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """32 bytes each: `api_keys` and `refresh` pepper stored hashes, `access_jwt` signs, `sealing`
    encrypts.
    """

    api_keys: bytes
    access_jwt: bytes
    refresh: bytes
    sealing: bytes
