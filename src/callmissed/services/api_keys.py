"""API keys: made, listed, changed, rolled and revoked by who may; none gets more than its maker."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from callmissed.domain.api_keys import (
    ALIASES,
    MAX_USABLE_KEYS,
    PREFIX_OF,
    VOICE,
    ApiKey,
    KeyKind,
    KeyTerms,
    Reach,
    check_models,
    check_permissions,
    check_within,
    expand,
)
from callmissed.domain.audit import Actor
from callmissed.domain.errors import Kind, Refusal, invalid, not_found
from callmissed.domain.keyring import Keyring
from callmissed.kit.clock import utc_now
from callmissed.kit.tokens import keyed_hash, mask, mint_key
from callmissed.services.audit import record
from callmissed.services.bots import get_bot
from callmissed.store import api_keys
from callmissed.store.tenant import TenantDb

CREATED = "api_key.created"
CHANGED = "api_key.changed"
ROLLED = "api_key.rolled"
REVOKED = "api_key.revoked"


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes or changes a key: for the audit log, and what they may hand on."""

    actor: Actor
    reach: Reach


@dataclass(frozen=True, slots=True, repr=False)
class MadeKey:
    """`secret` is the key itself, in clear this once."""

    key: ApiKey
    secret: str


async def create_key(
    db: TenantDb,
    keyring: Keyring,
    maker: Maker,
    name: str,
    terms: KeyTerms,
    known_models: frozenset[str],
) -> MadeKey:
    """A publishable key gets the permissions of voice sessions.

    Raises Refusal INVALID_VALUE (a field of `terms`), NOT_FOUND (bot), PERMISSION_DENIED (more
    than the maker has), CONFLICT (too many keys).
    """
    if terms.kind is KeyKind.PUBLISHABLE and not terms.permissions:
        terms = replace(terms, permissions=VOICE)
    _check_kind(terms)
    _check_terms(terms, known_models)
    check_within(maker.reach, terms)
    if terms.bot_id is not None:
        await _check_bot(db, terms.bot_id)
    if await api_keys.count(db, with_revoked=False) >= MAX_USABLE_KEYS:
        raise _conflict(
            f"There are {MAX_USABLE_KEYS} keys, and there may be no more.",
            "Revoke keys that are not used.",
        )
    parent = maker.reach.key
    if parent is not None:
        # Whoever revokes the maker now waits for this key, and ends it too.
        await _lock_usable(db, parent.id)
    made = await _mint(db, keyring, name, terms, None, parent.id if parent else None)
    await _note(db, maker, CREATED, made.key, {"kind": terms.kind.value})
    return made


async def get_key(db: TenantDb, key_id: UUID) -> ApiKey:
    """Raises Refusal NOT_FOUND."""
    key = await api_keys.find(db, key_id)
    if key is None:
        raise not_found("API key")
    return key


async def list_keys(
    db: TenantDb, with_revoked: bool = False, limit: int = 50, offset: int = 0
) -> tuple[list[ApiKey], int]:
    """Newest first, with how many there are in all."""
    page = await api_keys.list_page(db, with_revoked, limit, offset)
    return page, await api_keys.count(db, with_revoked)


async def change_key(
    db: TenantDb,
    maker: Maker,
    key_id: UUID,
    changes: Mapping[str, Any],
    known_models: frozenset[str],
) -> ApiKey:
    """`changes` holds `name` and fields of `KeyTerms`; what is not in it stays.

    Raises Refusal as `create_key`, and CONFLICT for a key that has ended.
    """
    key = await _lock_usable(db, key_id)
    check_within(maker.reach, key.terms)
    given = dict(changes)
    if not given:
        return key
    name = given.pop("name", key.name)
    terms = replace(key.terms, **given)
    _check_kind(terms)
    _check_terms(terms, known_models, unchanged=key.terms)
    check_within(maker.reach, terms)
    changed = await api_keys.update_terms(db, key_id, name, terms)
    await _note(db, maker, CHANGED, changed, {"fields": ", ".join(sorted(changes))})
    return changed


async def roll_key(
    db: TenantDb, keyring: Keyring, maker: Maker, key_id: UUID, overlap_s: int
) -> MadeKey:
    """A new key on the same terms; the old one ends after the overlap, and rolls no more.

    Raises Refusal NOT_FOUND, CONFLICT (it has ended or was rolled), PERMISSION_DENIED.
    """
    old = await _lock_usable(db, key_id)
    if old.replaced_by is not None:
        raise _conflict("This key was rolled already.", f"Roll {old.replaced_by} instead.")
    check_within(maker.reach, old.terms)
    made = await _mint(db, keyring, old.name, old.terms, old.line_id, old.parent_id)
    await api_keys.replace(db, old.id, made.key.id, overlap_s)
    details = {"replaces": str(old.id), "overlap_seconds": str(overlap_s)}
    await _note(db, maker, ROLLED, made.key, details)
    return made


async def revoke_key(db: TenantDb, maker: Maker, key_id: UUID) -> None:
    """It and every key that was made with it end when this commits; one that has ended stays so.

    Raises Refusal NOT_FOUND, PERMISSION_DENIED.
    """
    key = await api_keys.lock(db, key_id)
    if key is None:
        raise not_found("API key")
    check_within(maker.reach, key.terms)
    # Again until there are none: one may have been made while its maker was being ended.
    while ended := await api_keys.revoke_with_children(db, key_id):
        for ended_id in ended:
            details = {} if ended_id == key_id else {"with": str(key_id)}
            await record(db, db.tenant_id, maker.actor, REVOKED, str(ended_id), details)


async def _mint(
    db: TenantDb,
    keyring: Keyring,
    name: str,
    terms: KeyTerms,
    line_id: UUID | None,
    parent_id: UUID | None,
) -> MadeKey:
    secret = mint_key(PREFIX_OF[terms.kind])
    hashed = keyed_hash(keyring.api_keys, secret)
    new = api_keys.NewKey(name, mask(secret), hashed, terms, line_id, parent_id)
    return MadeKey(await api_keys.add_bounded(db, new), secret)


async def _lock_usable(db: TenantDb, key_id: UUID) -> ApiKey:
    key = await api_keys.lock(db, key_id)
    if key is None:
        raise not_found("API key")
    if not await api_keys.is_usable(db, key_id):
        raise _conflict("This key has ended: it was revoked or has expired.", "Make a new one.")
    return key


async def _check_bot(db: TenantDb, bot_id: UUID) -> None:
    try:
        await get_bot(db, bot_id)
    except Refusal as refusal:
        refusal.param = "bot_id"
        raise


def _check_kind(terms: KeyTerms) -> None:
    if terms.kind is KeyKind.SECRET:
        if terms.bot_id is not None:
            raise invalid("bot_id", "Only a publishable key is tied to a bot.", "Leave bot_id out.")
        if not terms.permissions:
            raise invalid("permissions", "A secret key needs at least one.", "Name what it is for.")
        return
    if expand(terms.permissions) - ALIASES.keys() != VOICE:
        hint = "Leave permissions out: it starts sessions and does nothing else."
        raise invalid("permissions", "A publishable key has no permissions of its own.", hint)
    if terms.bot_id is None:
        raise invalid("bot_id", "A publishable key is tied to one bot.", "Give its bot_id.")
    if not terms.allowed_domains:
        raise invalid(
            "allowed_domains",
            "A publishable key works on the pages of its domains only.",
            "Give at least one, as example.com or *.example.com.",
        )


def _check_terms(
    terms: KeyTerms, known_models: frozenset[str], unchanged: KeyTerms | None = None
) -> None:
    check_permissions(terms.permissions)
    if terms.allowed_models is not None:
        check_models(terms.allowed_models, known_models)
    expires_at = terms.expires_at
    if unchanged is not None and expires_at == unchanged.expires_at:
        return
    if expires_at is not None and expires_at <= utc_now():
        raise invalid("expires_at", "This time has passed.", "Give a time to come, or null.")


async def _note(
    db: TenantDb, maker: Maker, action: str, key: ApiKey, details: Mapping[str, str]
) -> None:
    await record(db, db.tenant_id, maker.actor, action, str(key.id), {"name": key.name, **details})


def _conflict(message: str, hint: str) -> Refusal:
    return Refusal(Kind.CONFLICT, message, hint)
