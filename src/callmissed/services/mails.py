"""Mails that wait: left, sealed, in the transaction of the fact they tell of; gone once sent."""

import json
from dataclasses import asdict
from uuid import UUID, uuid4

from callmissed.domain.keyring import Keyring
from callmissed.domain.mails import MailKind, MailOrder
from callmissed.kit.sealing import SealBrokenError, seal, unseal
from callmissed.store import mails
from callmissed.store.jobs import defer
from callmissed.store.rows import OpenDb
from callmissed.store.system import SystemDb

SEND_MAIL = "send_mail"
MAILS_QUEUE = "mails"


async def leave_mail(
    db: OpenDb, keyring: Keyring, tenant_id: UUID | None, order: MailOrder
) -> None:
    """It is sent after this transaction commits. `tenant_id` is None for a person's own mail."""
    mail_id = uuid4()
    sealed = seal(keyring.sealing, json.dumps(asdict(order)), place=_place(mail_id))
    await mails.add(db, mail_id, tenant_id, sealed)
    await defer(db, SEND_MAIL, queue=MAILS_QUEUE, mail_id=str(mail_id))


async def read_mail(db: SystemDb, keyring: Keyring, mail_id: UUID) -> MailOrder | None:
    """None where it was sent, or the installation's secret is another one by now."""
    sealed = await mails.find(db, mail_id)
    if sealed is None:
        return None
    try:
        found = json.loads(unseal(keyring.sealing, sealed, place=_place(mail_id)))
    except SealBrokenError:
        return None
    return MailOrder(**{**found, "kind": MailKind(found["kind"])})


async def remove_mail(db: SystemDb, mail_id: UUID) -> None:
    """It was sent, or never will be."""
    await mails.remove(db, mail_id)


def _place(mail_id: UUID) -> str:
    return f"mails.sealed/{mail_id}"
