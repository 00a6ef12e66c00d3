"""People of a tenant: their roles, their passwords, and who may change whom."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from callmissed.domain.common_passwords import is_common
from callmissed.domain.errors import Kind, Refusal, invalid
from callmissed.domain.principals import Principal, Role

MIN_PASSWORD_CHARS = 12
MAX_PASSWORD_BYTES = 256
INVITE_TTL_S = 7 * 24 * 3600
RESET_TTL_S = 30 * 60
# The fewest letters of an address, or of its name, that give a password away by being in it.
TELLING_CHARS = 6


@dataclass(frozen=True, slots=True)
class Member:
    """A person as their colleagues see them; `email` is None until an owner has set theirs."""

    person_id: UUID
    email: str | None
    role: Role
    joined_at: datetime
    signed_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class Membership:
    """A tenant as one of its people sees it."""

    tenant_id: UUID
    tenant_name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Account:
    """A person as they see themselves; without a password they came by the owner link."""

    person_id: UUID
    email: str | None
    has_password: bool


@dataclass(frozen=True, slots=True)
class Invite:
    """An open invitation; its secret was shown once."""

    id: UUID
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ReadInvite:
    """What the holder of an invitation's link is told; an account that exists signs in."""

    tenant_name: str
    email: str
    role: Role
    has_account: bool


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request to sign in comes from: its address, and what the browser calls itself."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """One browser that is signed in; `user_agent` is what it called itself."""

    id: UUID
    created_at: datetime
    used_at: datetime
    user_agent: str


def compared_email(email: str) -> str:
    """As it is stored and compared: without case."""
    return email.strip().lower()


def check_password(password: str, email: str, *, param: str = "password") -> None:
    """Raises Refusal INVALID_VALUE, saying which rule the password breaks."""
    hint = "Use a sentence, or let a password manager make one."
    if len(password) < MIN_PASSWORD_CHARS:
        raise invalid(param, f"It is shorter than {MIN_PASSWORD_CHARS} characters.", hint)
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise invalid(param, f"It is longer than {MAX_PASSWORD_BYTES} bytes.", hint)
    if _gives_away(password.lower(), compared_email(email)):
        raise invalid(param, "It is made from the e-mail address.", hint)
    if is_common(password):
        raise invalid(param, "It is among the first that are tried.", hint)


def authority_of(principal: Principal) -> Role:
    """The role that counts when people are changed; a key that may change them is an admin."""
    return principal.role or Role.ADMIN


def check_may_assign(actor: Role, *, before: Role | None, after: Role | None) -> None:
    """Whether `actor` may turn the role `before` into `after`; None is outside the tenant.

    Only an owner makes, changes and removes owners. Raises Refusal PERMISSION_DENIED.
    """
    if Role.OWNER in (before, after) and actor is not Role.OWNER:
        raise Refusal(
            Kind.PERMISSION_DENIED,
            "Only an owner can make, change or remove an owner.",
            "Ask an owner of this tenant.",
        )


def wrong_credentials() -> Refusal:
    """The same for an unknown e-mail and a wrong password."""
    return Refusal(
        Kind.INVALID_CREDENTIALS,
        "E-mail or password is wrong.",
        "Try again, or ask for a link that sets a new password.",
    )


def link_not_valid() -> Refusal:
    return Refusal(
        Kind.LINK_NOT_VALID,
        "This link is not valid: it was used, withdrawn, replaced, or its time is over.",
        "Ask for a new link.",
    )


def email_taken() -> Refusal:
    return Refusal(
        Kind.CONFLICT,
        "There is an account with this e-mail already.",
        "Sign in with it, or use another e-mail.",
        param="email",
    )


def last_owner() -> Refusal:
    return Refusal(
        Kind.CONFLICT,
        "This is the last owner of the tenant.",
        "Make somebody else an owner first.",
    )


def _gives_away(password: str, email: str) -> bool:
    name = email.partition("@")[0]
    if password in (email, email * 2, name * 2):
        return True
    told = [part for part in (email, name) if len(part) >= TELLING_CHARS]
    return any(part in password and len(password) - len(part) < TELLING_CHARS for part in told)
