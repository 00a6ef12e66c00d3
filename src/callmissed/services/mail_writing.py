"""Turning a mail that waits into the words that are sent."""

from uuid import UUID

from callmissed.domain.keyring import Keyring
from callmissed.domain.mails import Mail, MailKind, write_invite, write_password_reset
from callmissed.domain.people import INVITE_TTL_S, RESET_TTL_S
from callmissed.services.mails import read_mail
from callmissed.services.password_resets import make_reset_link
from callmissed.store.system import SystemDb

DAY_S, MINUTE_S = 24 * 3600, 60


async def write_mail(db: SystemDb, keyring: Keyring, mail_id: UUID, public_url: str) -> Mail | None:
    """None where there is nothing to send: it was sent, or nobody has that e-mail."""
    order = await read_mail(db, keyring, mail_id)
    if order is None:
        return None
    if order.kind is MailKind.INVITE:
        return write_invite(order, INVITE_TTL_S // DAY_S)
    link = await make_reset_link(db, keyring, order.email, public_url)
    return (
        None if link is None else write_password_reset(order.email, link, RESET_TTL_S // MINUTE_S)
    )
