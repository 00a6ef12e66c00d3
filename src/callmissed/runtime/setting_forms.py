"""The forms that a setting's value may have, and how a setting is declared."""

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_settings import NoDecode

from callmissed.domain.errors import Refusal
from callmissed.domain.people import check_password
from callmissed.domain.provider_keys import check_key
from callmissed.kit.addresses import AddressError, parse_target
from callmissed.kit.tokens import key_is_well_formed

KEY_PREFIX = "cm"
MIN_SECRET_BYTES = 32
# 32 random hexadecimal digits have fewer once in 10^9.
MIN_DIFFERENT = 6
PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "your-secret",
    "your_secret",
    "placeholder",
    "devkey",
)
POSTGRES_SCHEMES = ("postgres", "postgresql", "postgresql+psycopg")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def setting(
    name: str,
    description: str,
    *,
    form: str,
    default: Any = ...,
    factory: Callable[[], Any] | None = None,
    shown: str = "",
    make: str = "",
    secret: bool = False,
) -> Any:
    """`shown` is the default as the reference prints it, `make` a command that makes a value."""
    has: dict[str, Any] = {"default": default} if factory is None else {"default_factory": factory}
    extra: Any = {"shown": shown, "form": form, "make": make, "secret": secret}
    return Field(
        validation_alias=name,
        description=description,
        json_schema_extra=extra,
        repr=not secret,
        **has,
    )


def _split_networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())


def _absolute(value: Path) -> Path:
    path = value.expanduser()
    if not path.is_absolute():
        raise ValueError("is not an absolute path")
    return path


def _long_enough(value: str) -> str:
    if len(value.encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"is shorter than {MIN_SECRET_BYTES} bytes")
    if len(set(value)) < MIN_DIFFERENT or _repeats(value):
        raise ValueError("repeats itself: it is no random text")
    if any(word in value.lower() for word in PLACEHOLDERS):
        raise ValueError("is a placeholder from an example")
    return value


def _repeats(value: str) -> bool:
    return any(
        value == (value[:period] * len(value))[: len(value)]
        for period in range(1, len(value) // 2 + 1)
    )


def _hard_to_guess(value: str) -> str:
    try:
        check_password(value, "")
    except Refusal as refusal:
        raise ValueError(refusal.message.rstrip(".").replace("It is", "is", 1)) from None
    return value


def _smtp_address(value: str) -> str:
    parts = urlsplit(value)
    extras = parts.query or parts.fragment or parts.path.strip("/")
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or extras:
        raise ValueError("is not an address of the form smtp(s)://[user:password@]host[:port]")
    return value


def _well_formed(value: str) -> str:
    if not key_is_well_formed(value, KEY_PREFIX):
        raise ValueError("is not a well-formed key: its length or checksum does not fit")
    return value


def _psycopg_address(value: str) -> str:
    scheme, mark, rest = value.partition("://")
    if not mark or scheme not in POSTGRES_SCHEMES:
        raise ValueError("is not a postgresql:// address")
    return f"postgresql+psycopg://{rest}"


def _address(*schemes: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        parts = urlsplit(value)
        extras = parts.query or parts.fragment or parts.path.strip("/")
        if value and (parts.scheme not in schemes or not parts.hostname or extras):
            raise ValueError(f"is not an address of the form {schemes[0]}(s)://host[:port]")
        return value.rstrip("/")

    return check


def _base_url(value: str) -> str:
    try:
        parse_target(value)
    except AddressError as error:
        raise ValueError(f"cannot be used: {error}") from None
    if "?" in value or "#" in value:
        raise ValueError("has a query or a fragment")
    return value.rstrip("/")


def _provider_key(value: str) -> str:
    try:
        return check_key(value)
    except Refusal as refusal:
        raise ValueError(refusal.message.rstrip(".").replace("It is", "is", 1)) from None


def _split_keys(value: object) -> object:
    """`name=key,name=key`; no pair is ever repeated in an error."""
    if not isinstance(value, str):
        return value
    pairs = [part.strip().partition("=") for part in value.split(",") if part.strip()]
    if not all(name and mark and key for name, mark, key in pairs):
        raise ValueError("is not a list of name=key with commas between them")
    return {name.strip(): key.strip() for name, _, key in pairs}


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Port = Annotated[int, Field(ge=1, le=65535)]
FirstOfThreePorts = Annotated[int, Field(ge=1, le=65533)]
FirstOfThreePortsOrNone = Annotated[int, Field(ge=0, le=65533)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Password = Annotated[str, AfterValidator(_hard_to_guess)]
Secret = Annotated[str, AfterValidator(_long_enough)]
ApiKey = Annotated[str, AfterValidator(_well_formed)]
DatabaseUrl = Annotated[str, AfterValidator(_psycopg_address)]
HttpUrl = Annotated[str, AfterValidator(_address("http", "https"))]
SocketUrl = Annotated[str, AfterValidator(_address("ws", "wss"))]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
ProviderKey = Annotated[str, AfterValidator(_provider_key)]
ProviderKeys = Annotated[dict[str, ProviderKey], NoDecode, BeforeValidator(_split_keys)]
SmtpUrl = Annotated[str, AfterValidator(_smtp_address)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_split_networks)]
