"""Mails that were left are sent, again and again for an hour while the mail server is away."""

from uuid import UUID

import structlog
from procrastinate import App, RetryStrategy

from callmissed.domain.errors import Refusal
from callmissed.runtime.house import House
from callmissed.services.mail_writing import write_mail
from callmissed.services.mails import MAILS_QUEUE, SEND_MAIL, remove_mail

# After 2, 4, 8 … 2048 s.
RETRIES = RetryStrategy(max_attempts=12, exponential_wait=2, retry_exceptions={Refusal})

log = structlog.get_logger("callmissed.jobs.mails")


def register_mails(app: App, house: House) -> None:
    @app.task(name=SEND_MAIL, queue=MAILS_QUEUE, retry=RETRIES)
    async def send_mail(mail_id: str) -> None:
        async with house.database.system() as db:
            public_url = house.settings.public_url
            mail = await write_mail(db, house.keyring, UUID(mail_id), public_url)
        if mail is not None and house.mailer is not None and not await house.mailer.send(mail):
            log.warning("mail_refused", mail_id=mail_id)
        async with house.database.system() as db:
            await remove_mail(db, UUID(mail_id))
