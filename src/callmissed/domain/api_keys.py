"""API keys: what one may be allowed, and that none may be given more than its maker has."""

import difflib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from callmissed.domain.errors import Kind, Refusal, invalid
from callmissed.kit.clock import rfc3339
from callmissed.kit.host_rules import rule_covers

MAX_OVERLAP_S = 7 * 24 * 3600
MAX_USABLE_KEYS = 1000

EVERYTHING = "*"
VOICE = frozenset({"stt", "tts", "llm"})
ALIASES = {"voice": VOICE}
PERMISSIONS = {
    "stt": "speech to text",
    "tts": "text to speech",
    "llm": "language models",
    "voice": "stt, tts and llm: what a voice session takes",
    "bots:read": "read bots and their documents",
    "bots:write": "change them",
    "sessions:read": "read sessions and transcripts",
    "sessions:write": "end and delete sessions",
    "keys:read": "list keys, masked",
    "keys:write": "make, change, roll and revoke keys within this key's own permissions",
    "people:read": "list people and invites",
    "people:write": "invite people (admins too), change their roles, remove them",
    "tenant:write": "change the tenant's name and settings",
    "data:delete": "delete a session's or a caller's data for good",
    "audit:read": "read the audit log",
    "providers:read": "see which providers there are keys with, masked",
    "providers:write": "put, try and remove the tenant's keys with providers",
    EVERYTHING: "all of them, also those to come",
}


class KeyKind(StrEnum):
    """A secret key is for servers; a publishable one may stand in a web page."""

    SECRET = "secret"  # noqa: S105
    PUBLISHABLE = "publishable"


PREFIX_OF = {KeyKind.SECRET: "cm", KeyKind.PUBLISHABLE: "cmp"}


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a key may do. `allowed_models` of None is any model, `allowed_domains` of none any
    origin, `rate_limit_rpm` of None as many requests a minute as come. A publishable key has a bot
    and domains, a secret one has no bot.
    """

    kind: KeyKind
    permissions: frozenset[str]
    expires_at: datetime | None = None
    allowed_models: frozenset[str] | None = None
    allowed_domains: tuple[str, ...] = ()
    rate_limit_rpm: int | None = None
    bot_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key, without the key. `line_id` is the id of the first of those that were rolled one
    from another, `replaced_by` the next of them; `parent_id` the key that made this one, with
    which it ends. A `revoked_at` to come is the end of an overlap.
    """

    id: UUID
    tenant_id: UUID
    name: str
    masked: str
    terms: KeyTerms
    line_id: UUID
    parent_id: UUID | None
    replaced_by: UUID | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody may hand on: `permissions` written out, and a key's own terms as bounds."""

    permissions: frozenset[str]
    key: ApiKey | None = None


def expand(permissions: frozenset[str]) -> frozenset[str]:
    """With what the aliases stand for."""
    return permissions.union(*(ALIASES[name] for name in permissions if name in ALIASES))


def check_permissions(permissions: frozenset[str]) -> None:
    """Raises Refusal INVALID_VALUE for a name that is not in the catalogue, with the likely one."""
    for name in sorted(permissions - PERMISSIONS.keys()):
        near = difflib.get_close_matches(name, PERMISSIONS, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(PERMISSIONS)}."
        raise invalid("permissions", f"There is no permission {name[:100]!r}.", hint)


def check_models(allowed: frozenset[str], known: frozenset[str]) -> None:
    """Raises Refusal INVALID_VALUE for a model that the catalogue lacks, with the likely one."""
    for name in sorted(allowed - known):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else "GET /v1/models lists them."
        raise invalid("allowed_models", f"There is no model {name[:200]!r}.", hint)


def check_within(reach: Reach, terms: KeyTerms) -> None:
    """Raises Refusal PERMISSION_DENIED, naming the first field that goes beyond the maker's own."""
    _check_permissions_within(reach.permissions, expand(terms.permissions))
    if reach.key is None:
        return
    own = reach.key.terms
    models, domains = own.allowed_models, own.allowed_domains
    asked = terms.allowed_models
    if models is not None and (asked is None or not asked <= models):
        raise _beyond("allowed_models", f"It may allow: {', '.join(sorted(models))}.")
    if domains and not _domains_within(domains, terms.allowed_domains):
        raise _beyond("allowed_domains", f"It may allow: {', '.join(domains)}.")
    latest = own.expires_at
    if latest is not None and (terms.expires_at is None or terms.expires_at > latest):
        raise _beyond("expires_at", f"At the latest: {rfc3339(latest)}.")
    rpm = own.rate_limit_rpm
    if rpm is not None and (terms.rate_limit_rpm is None or terms.rate_limit_rpm > rpm):
        raise _beyond("rate_limit_rpm", f"At most: {rpm}.")


def _check_permissions_within(held: frozenset[str], asked: frozenset[str]) -> None:
    if EVERYTHING in held:
        return
    reads = {f"{name.removesuffix(':write')}:read" for name in held if name.endswith(":write")}
    missing = sorted(asked - held - reads)
    if missing:
        raise _beyond("permissions", f"It may grant: {', '.join(sorted(held | reads))}.")


def _domains_within(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    return bool(narrow) and all(any(rule_covers(one, rule) for one in wide) for rule in narrow)


def _beyond(param: str, hint: str) -> Refusal:
    return Refusal(
        Kind.PERMISSION_DENIED,
        f"{param}: a key may have no more than who makes, changes or rolls it.",
        hint,
        param=param,
    )
