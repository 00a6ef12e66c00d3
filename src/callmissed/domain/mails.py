"""Mails that the platform sends, and how they are worded."""

from dataclasses import dataclass
from enum import StrEnum


class MailKind(StrEnum):
    INVITE = "invite"
    PASSWORD_RESET = "password_reset"  # noqa: S105


@dataclass(frozen=True, slots=True, repr=False)
class MailOrder:
    """What waits to be sent. `link` and `tenant_name` are empty for a password reset, whose link is
    made when it is sent.
    """

    kind: MailKind
    email: str
    link: str = ""
    tenant_name: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Mail:
    """Plain text, one recipient."""

    to: str
    subject: str
    text: str


def write_invite(order: MailOrder, days: int) -> Mail:
    return Mail(
        order.email,
        f"Join {order.tenant_name} on CallMissed",
        f"You are invited to {order.tenant_name}. Open this link to join; it works once, for "
        f"{days} days:\n\n{order.link}\n\nIf you do not know what this is about, do nothing.\n",
    )


def write_password_reset(email: str, link: str, minutes: int) -> Mail:
    return Mail(
        email,
        "Your CallMissed password",
        f"Open this link to choose a new password; it works once, for {minutes} minutes:\n\n"
        f"{link}\n\nIf you did not ask for it, do nothing: your password stays as it is.\n",
    )
