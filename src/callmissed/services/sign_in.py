"""Signing in with e-mail and password.

A password costs a tenth of a second of a core, so it is checked between two transactions; the
second one sees that it still is the password.
"""

from uuid import UUID

from callmissed.domain.audit import Actor, ActorKind
from callmissed.domain.errors import Refusal
from callmissed.domain.keyring import Keyring
from callmissed.domain.people import Visitor, wrong_credentials
from callmissed.domain.principals import SignedIn
from callmissed.services import attempts
from callmissed.services.audit import record
from callmissed.services.passwords import Passwords
from callmissed.services.sign_ins import begin_sign_in
from callmissed.store import people
from callmissed.store.database import Database
from callmissed.store.people import Credentials
from callmissed.store.system import SystemDb


async def sign_in_by_password(
    database: Database,
    keyring: Keyring,
    passwords: Passwords,
    email: str,
    password: str,
    tenant_id: UUID | None,
    visitor: Visitor,
) -> SignedIn:
    """Without a `tenant_id` into the tenant used last.

    Raises Refusal INVALID_CREDENTIALS, RATE_LIMITED, UNAVAILABLE, PERMISSION_DENIED without any
    tenant, NOT_FOUND for one that is not theirs.
    """
    proven = await prove_password(database, keyring, passwords, email, password, visitor)
    renewed = await passwords.renew(proven.password_hash or "", password)
    async with database.system() as db:
        await hold_proven(db, proven)
        if renewed is not None:
            await people.set_password(db, proven.person_id, renewed)
        signed_in = await begin_sign_in(
            db, keyring, proven.person_id, tenant_id, visitor.user_agent
        )
        person = Actor(ActorKind.PERSON, proven.person_id)
        tenant_id = signed_in.principal.tenant_id
        await record(db, tenant_id, person, "person.signed_in", str(proven.person_id))
        return signed_in


async def prove_password(
    database: Database,
    keyring: Keyring,
    passwords: Passwords,
    email: str,
    password: str,
    visitor: Visitor,
) -> Credentials:
    """Whose they are. A failure counts against the account and the address.

    The work and the answer are the same for an e-mail that nobody has. Raises Refusal
    INVALID_CREDENTIALS, RATE_LIMITED, UNAVAILABLE.
    """
    account = attempts.of_account(attempts.PASSWORDS_OF_ACCOUNT, email)
    address = attempts.from_address(attempts.PASSWORDS_FROM_ADDRESS, visitor.address)
    await attempts.count_attempts(database, keyring, account, address)
    async with database.system() as db:
        found = await people.find(db, email)
    try:
        fits = await passwords.fits(found.password_hash if found else None, password)
    except Refusal:
        async with database.system() as db:
            await attempts.give_back(db, keyring, account, address)
        raise
    if found is None or not fits:
        raise wrong_credentials()
    async with database.system() as db:
        await attempts.forget(db, keyring, account)
        await attempts.give_back(db, keyring, address)
    return found


async def hold_proven(db: SystemDb, proven: Credentials) -> None:
    """They stay what they are until this transaction ends.

    Raises Refusal INVALID_CREDENTIALS where the password was changed since it was proven.
    """
    if await people.lock_credentials(db, proven.person_id) != proven:
        raise wrong_credentials()
