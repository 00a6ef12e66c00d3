"""Every setting of the installation, read from the environment: what it is, its unit, its default.

`docs/reference/settings.md` is generated from `describe_settings`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import SettingsConfigDict

from callmissed.runtime.setting_forms import (
    MIN_SECRET_BYTES,
    AbsolutePath,
    DatabaseUrl,
    FirstOfThreePorts,
    HttpUrl,
    Networks,
    Port,
    Secret,
    SocketUrl,
    setting,
)
from callmissed.runtime.setting_groups import (
    FirstStartSettings,
    PeopleSettings,
    ProviderSettings,
    WatchingSettings,
)
from callmissed.runtime.setting_names import SettingsError as SettingsError
from callmissed.runtime.setting_names import check_names

DERIVED_KEY_BYTES = 32
SECRET_NAME = "CALLMISSED_SECRET"  # noqa: S105
MADE_BY_UP = "made by `callmissed up`, else required"


def usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_data_dir() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/callmissed")
    base = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".local" / "share") / "callmissed"


class Settings(WatchingSettings, ProviderSettings, PeopleSettings, FirstStartSettings):
    """Frozen; made by `load_settings`. A changed setting needs a restart."""

    model_config = SettingsConfigDict(
        case_sensitive=True, env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: AbsolutePath = setting(
        "CALLMISSED_DATA_DIR",
        "Folder of the database, the journals, the files and the installation's secrets.",
        form="an absolute path",
        factory=default_data_dir,
        shown="/var/lib/callmissed as root, else callmissed in $XDG_DATA_HOME or ~/.local/share",
    )
    host: str = setting(
        "CALLMISSED_HOST",
        "Address that the API listens on.",
        form="an IP address or a host name",
        default="127.0.0.1",
    )
    port: Port = setting(
        "CALLMISSED_PORT", "TCP port that the API listens on.", form="1 to 65535", default=8080
    )
    public_url: HttpUrl = setting(
        "CALLMISSED_PUBLIC_URL",
        "The one address under which people and programs reach this installation.",
        form="http(s)://host[:port], without a path",
        default="",
        shown="http://<host>:<port>",
    )
    secret: Secret = setting(
        "CALLMISSED_SECRET",
        "What keys are hashed, tokens signed and provider keys sealed with. Keep a copy away "
        "from the database's backups: sealed values are lost without it.",
        form=f"at least {MIN_SECRET_BYTES} bytes of random text",
        make="openssl rand -hex 32",
        shown=MADE_BY_UP,
        secret=True,
    )
    database_url: DatabaseUrl = setting(
        "DATABASE_URL",
        "PostgreSQL 16 or newer with the extension vector; its role has CREATEROLE and owns the "
        "database.",
        form="postgresql://user:password@host:5432/database",
        make="createdb callmissed && echo postgresql:///callmissed",
        shown="embedded by `callmissed up`, else required",
        secret=True,
    )
    livekit_url: SocketUrl = setting(
        "LIVEKIT_URL",
        "The LiveKit server as API and workers reach it.",
        form="ws(s)://host[:port]",
        make="echo ws://127.0.0.1:7880",
        shown="embedded by `callmissed up`, else required",
    )
    livekit_api_key: str = setting(
        "LIVEKIT_API_KEY",
        "Key of the LiveKit server.",
        form="a name in the server's `keys`",
        make="openssl rand -hex 6",
        shown=MADE_BY_UP,
    )
    livekit_api_secret: Secret = setting(
        "LIVEKIT_API_SECRET",
        "Secret of that key.",
        form=f"at least {MIN_SECRET_BYTES} characters",
        make="openssl rand -hex 32",
        shown=MADE_BY_UP,
        secret=True,
    )
    livekit_public_url: SocketUrl = setting(
        "CALLMISSED_LIVEKIT_PUBLIC_URL",
        "The LiveKit server as browsers reach it.",
        form="ws(s)://host[:port]",
        default="",
        shown="LIVEKIT_URL",
    )
    livekit_server: AbsolutePath | None = setting(
        "CALLMISSED_LIVEKIT_SERVER",
        "The livekit-server program that `callmissed up` starts.",
        form="the path of an executable file",
        default=None,
        shown="on PATH, else in the cache, else fetched or built once",
    )
    livekit_port: FirstOfThreePorts | None = setting(
        "CALLMISSED_LIVEKIT_PORT",
        "TCP port of the embedded LiveKit server; the next two are its media ports (TCP, UDP).",
        form="1 to 65533",
        default=None,
        shown="7880, or free ones where that is in use",
    )
    worker_processes: Annotated[int, Field(ge=1, le=256)] = setting(
        "CALLMISSED_WORKER_PROCESSES",
        "Call processes of one worker.",
        form="1 to 256",
        factory=usable_cores,
        shown="one a core",
    )
    worker_spares: Annotated[int, Field(ge=0, le=16)] = setting(
        "CALLMISSED_WORKER_SPARES",
        "Call processes that wait, warm and empty, for the calls of one that dies.",
        form="0 to 16",
        default=1,
    )
    worker_slots: Annotated[int, Field(ge=1, le=1000)] = setting(
        "CALLMISSED_WORKER_SLOTS",
        "Calls that one call process holds at once.",
        form="1 to 1000",
        default=8,
    )
    sentence_cache_mb: Annotated[int, Field(ge=0, le=65_536)] = setting(
        "CALLMISSED_SENTENCE_CACHE_MB",
        "Memory of one call process for the sound of sentences said before; 0 keeps none.",
        form="0 to 65536 megabytes of 1,048,576 bytes",
        default=64,
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "CALLMISSED_LOG_LEVEL",
        "The least that is logged.",
        form="debug, info, warning or error",
        default="info",
    )
    outbound_allow: Networks = setting(
        "CALLMISSED_OUTBOUND_ALLOW",
        "Internal networks that webhooks, tools and models may reach.",
        form="CIDRs with commas between them, as 10.0.0.0/8,192.168.1.0/24",
        default=(),
        shown="none",
    )
    creates_per_minute: Annotated[int, Field(ge=1, le=100_000)] | None = setting(
        "CALLMISSED_CREATES_PER_MINUTE",
        "Voice sessions that one tenant may create in any 60 seconds, whatever its plan.",
        form="1 to 100000 sessions a minute",
        default=None,
        shown="10",
    )

    @model_validator(mode="after")
    def _fill_addresses(self) -> "Settings":
        if not self.public_url:
            address = f"http://{reachable_host(self.host)}:{self.port}"
            object.__setattr__(self, "public_url", address)
        if not self.mail_from:
            object.__setattr__(
                self, "mail_from", f"callmissed@{urlsplit(self.public_url).hostname}"
            )
        if not self.livekit_public_url:
            object.__setattr__(self, "livekit_public_url", self.livekit_url)
        return self

    @model_validator(mode="after")
    def _keep_secrets_apart(self) -> "Settings":
        if self.secret == self.livekit_api_secret:
            raise ValueError("CALLMISSED_SECRET is the same as LIVEKIT_API_SECRET")
        return self

    def metrics_port_of(self, process: Literal["api", "jobs", "worker"]) -> int | None:
        """None where metrics are shown nowhere, and where the API itself has that port."""
        port = self.metrics_port + ("api", "jobs", "worker").index(process)
        return port if self.metrics_port and port != self.port else None

    def derive(self, purpose: bytes) -> bytes:
        """32 bytes for one purpose, as `b"api-keys"` or `b"access-jwt"`; HKDF-SHA256 (RFC 5869)."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        info = b"callmissed/" + purpose
        kdf = HKDF(algorithm=SHA256(), length=DERIVED_KEY_BYTES, salt=None, info=info)
        return kdf.derive(self.secret.encode())


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as the reference page shows it; `default` is empty where there is none."""

    name: str
    description: str
    default: str
    form: str
    secret: bool


def describe_settings() -> list[SettingRow]:
    """All settings, in the order in which they are declared; those of the groups come last."""
    own = list(Settings.__annotations__)
    fields = sorted(Settings.model_fields.items(), key=lambda item: item[0] not in own)
    return [_row_of(field) for _, field in fields]


def load_settings(
    given: Mapping[str, str] | None = None, stand_ins: Mapping[str, str] | None = None
) -> Settings:
    """Reads the environment; what is `given` (by the same names) wins over it. `stand_ins` are
    values for settings that will be known later.

    Raises SettingsError for the first misspelt, missing or wrong setting.
    """
    values: dict[str, Any] = dict(given or {})
    check_names([*os.environ, *values], [row.name for row in describe_settings()])
    try:
        return Settings(**{**(stand_ins or {}), **values})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else SECRET_NAME
        raise _settings_error(name, first["type"], first["msg"]) from None


def _settings_error(name: str, kind: str, message: str) -> SettingsError:
    fields = Settings.model_fields.values()
    extra = _extra(next(field for field in fields if field.validation_alias == name))
    reason = "is required and not set."
    if kind != "missing":
        reason = f"{message.removeprefix('Value error, ')}."
    made = f" This makes one: {extra['make']}" if extra["make"] else ""
    return SettingsError(name, reason, f"Its form: {extra['form']}.{made}")


def _row_of(field: FieldInfo) -> SettingRow:
    extra = _extra(field)
    default = extra["shown"] or str(field.default)
    name, description = str(field.validation_alias), str(field.description)
    return SettingRow(name, description, default, extra["form"], extra["secret"])


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def reachable_host(host: str) -> str:
    """The host as a browser on this machine can open it."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
