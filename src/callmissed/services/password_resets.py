"""A new password: by a link that works once, or with the old password."""

from datetime import timedelta

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.keyring import Keyring
from callmissed.domain.mails import MailKind, MailOrder
from callmissed.domain.people import (
    RESET_TTL_S,
    Visitor,
    check_password,
    compared_email,
    link_not_valid,
    wrong_credentials,
)
from callmissed.domain.principals import Principal
from callmissed.kit.clock import utc_now
from callmissed.kit.tokens import key_is_well_formed, keyed_hash, mint_key
from callmissed.services import attempts
from callmissed.services.mails import leave_mail
from callmissed.services.passwords import Passwords
from callmissed.services.people import record_for_person
from callmissed.services.sign_in import hold_proven, prove_password
from callmissed.store import owner_links, password_resets, people, sign_ins
from callmissed.store.database import Database
from callmissed.store.system import SystemDb

RESET_PREFIX = "cmw"


async def ask_for_reset(
    database: Database, keyring: Keyring, email: str, visitor: Visitor, *, by_mail: bool
) -> None:
    """A mail with a link is on its way where somebody has this e-mail; the job finds that out, so
    that nothing here tells. Beyond a few in a quarter of an hour none is sent, nor without a mail
    server.

    Raises Refusal RATE_LIMITED for an address that asks too often, UNAVAILABLE.
    """
    address = attempts.from_address(attempts.RESETS_FROM_ADDRESS, visitor.address)
    await attempts.count_attempts(database, keyring, address)
    try:
        account = attempts.of_account(attempts.RESETS_OF_ACCOUNT, email)
        await attempts.count_attempts(database, keyring, account)
    except Refusal as refusal:
        if refusal.kind is not Kind.RATE_LIMITED:
            raise
        return
    if not by_mail:
        return
    async with database.system() as db:
        order = MailOrder(MailKind.PASSWORD_RESET, compared_email(email))
        await leave_mail(db, keyring, None, order)


async def make_reset_link(
    db: SystemDb, keyring: Keyring, email: str, public_url: str
) -> str | None:
    """A link for half an hour, in the place of any older one; None where nobody has this e-mail."""
    found = await people.find(db, email)
    if found is None:
        return None
    secret = mint_key(RESET_PREFIX)
    expires_at = utc_now() + timedelta(seconds=RESET_TTL_S)
    hashed = keyed_hash(keyring.refresh, secret)
    await password_resets.replace(db, found.person_id, hashed, expires_at)
    return f"{public_url}/reset#{secret}"


async def reset_password(
    database: Database, keyring: Keyring, passwords: Passwords, secret: str, password: str
) -> None:
    """The new password is in force, every browser of the person is signed out, the link is used up;
    of any number at once exactly one succeeds.

    Raises Refusal LINK_NOT_VALID, INVALID_VALUE, UNAVAILABLE.
    """
    if not key_is_well_formed(secret, RESET_PREFIX):
        raise link_not_valid()
    hashed = keyed_hash(keyring.refresh, secret)
    async with database.system() as db:
        person_id = await password_resets.find(db, hashed)
        if person_id is None:
            raise link_not_valid()
        email = (await people.account_of(db, person_id)).email or ""
    check_password(password, email)
    password_hash = await passwords.hash(password)
    async with database.system() as db:
        if await password_resets.take(db, hashed) is None:
            raise link_not_valid()
        await people.set_password(db, person_id, password_hash)
        await sign_ins.end_all(db, person_id)
        await owner_links.remove_unused(db, person_id)
        await attempts.forget(
            db, keyring, attempts.of_account(attempts.PASSWORDS_OF_ACCOUNT, email)
        )
        await record_for_person(db, person_id, "person.password_reset")


async def change_password(
    database: Database,
    keyring: Keyring,
    passwords: Passwords,
    principal: Principal,
    old: str,
    new: str,
    visitor: Visitor,
) -> None:
    """Every other browser of the person is signed out.

    Raises Refusal INVALID_CREDENTIALS for a wrong old password, INVALID_VALUE, RATE_LIMITED,
    UNAVAILABLE.
    """
    person_id = principal.person_id
    if person_id is None:
        raise wrong_credentials()
    async with database.system() as db:
        email = (await people.account_of(db, person_id)).email or ""
    check_password(new, email, param="new_password")
    proven = await prove_password(database, keyring, passwords, email, old, visitor)
    password_hash = await passwords.hash(new)
    async with database.system() as db:
        await hold_proven(db, proven)
        await people.set_password(db, person_id, password_hash)
        await sign_ins.end_all(db, person_id, but=principal.sign_in_id)
        await password_resets.remove_of(db, person_id)
        await record_for_person(db, person_id, "person.password_changed")
