"""Signing up: a person who was not invited, with a tenant of their own."""

from callmissed.domain.audit import Actor, ActorKind
from callmissed.domain.keyring import Keyring
from callmissed.domain.people import Visitor, check_password, compared_email, email_taken
from callmissed.domain.principals import Role, SignedIn
from callmissed.services import attempts
from callmissed.services.audit import record
from callmissed.services.installation import add_sample_bot
from callmissed.services.passwords import Passwords
from callmissed.services.sign_ins import begin_sign_in
from callmissed.store import people, tenants
from callmissed.store.database import Database

SIGN_UP_PLAN = "free"


async def sign_up(
    database: Database,
    keyring: Keyring,
    passwords: Passwords,
    email: str,
    password: str,
    tenant_name: str,
    bot_name: str,
    visitor: Visitor,
) -> SignedIn:
    """The person owns a new tenant that has a sample bot.

    Raises Refusal CONFLICT for an e-mail that has an account, INVALID_VALUE, RATE_LIMITED,
    UNAVAILABLE.
    """
    check_password(password, email)
    address = attempts.from_address(attempts.SIGN_UPS_FROM_ADDRESS, visitor.address)
    await attempts.count_attempts(database, keyring, address)
    password_hash = await passwords.hash(password)
    async with database.system() as db:
        await people.lock_email(db, compared_email(email))
        person_id = await people.add(db, email, password_hash)
        if person_id is None:
            raise email_taken()
        tenant_id = await tenants.add(db, tenant_name, SIGN_UP_PLAN)
        await people.add_membership(db, tenant_id, person_id, Role.OWNER)
        await add_sample_bot(db, tenant_id, bot_name)
        person = Actor(ActorKind.PERSON, person_id)
        await record(db, tenant_id, person, "person.signed_up", str(person_id))
        return await begin_sign_in(db, keyring, person_id, tenant_id, visitor.user_agent)
