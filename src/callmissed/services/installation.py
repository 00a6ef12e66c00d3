"""The first start: a tenant, a bot with something to say, a key, and the owner's one-time link."""

from importlib.resources import files
from uuid import UUID

from callmissed.domain.bots import BotTerms, BotType
from callmissed.domain.installation import FirstStart, InitRequest
from callmissed.domain.keyring import Keyring
from callmissed.domain.principals import Role
from callmissed.kit.passwords import hash_password
from callmissed.kit.sealing import SealBrokenError, seal, unseal
from callmissed.kit.tokens import keyed_hash, mint_key
from callmissed.services.auth import KEY_PREFIX
from callmissed.services.knowledge import add_markdown
from callmissed.services.sign_ins import LINK_PREFIX
from callmissed.services.tenants import FIRST_PLAN, keep_key
from callmissed.store import api_keys, bots, knowledge, owner_links, people, tenants
from callmissed.store.system import SystemDb

SAMPLE_FOLDER = "sample"
SAMPLE_PROMPT = (
    "You are the receptionist of Sunrise Clinic. Help callers with opening hours, prices, the "
    "address, booking and cancelling. Answer only from the clinic's documents; when they do not "
    "say, tell the caller that you do not know."
)
SAMPLE_GREETING = "Hello, this is Sunrise Clinic. How can I help you?"


async def prepare(db: SystemDb, keyring: Keyring, init: InitRequest) -> FirstStart:
    """Makes what is missing of tenant, sample bot, key and owner link; twice changes nothing.

    A key that was given is stored, one that was minted is returned once; the link's secret is
    returned until the link was used. An owner with a password needs no link and gets none.
    """
    await tenants.lock_first(db)
    tenant_id = await tenants.first(db)
    minted = None
    if tenant_id is None:
        tenant_id = await tenants.add(db, init.tenant_name, FIRST_PLAN)
        await _add_owner(db, keyring, tenant_id, init)
        await add_sample_bot(db, tenant_id, init.bot_name)
    if init.api_key is not None:
        await keep_key(db, keyring, tenant_id, init.api_key)
    elif not await api_keys.any_of(db, tenant_id):
        minted = mint_key(KEY_PREFIX)
        await keep_key(db, keyring, tenant_id, minted)
    return FirstStart(
        tenant_id=tenant_id,
        bot_id=await bots.first_of(db, tenant_id),
        api_key=minted,
        owner_link_secret=await _open_link(db, keyring, tenant_id),
    )


def sample_documents() -> list[tuple[str, str]]:
    """(name, Markdown) of each document of the sample knowledge base, by name."""
    folder = files("callmissed.services") / SAMPLE_FOLDER
    found = [item for item in folder.iterdir() if item.name.endswith(".md")]
    return sorted((item.name, item.read_text(encoding="utf-8")) for item in found)


async def _add_owner(db: SystemDb, keyring: Keyring, tenant_id: UUID, init: InitRequest) -> None:
    password_hash = hash_password(init.owner_password) if init.owner_password else None
    person_id = await people.add(db, init.owner_email, password_hash)
    if person_id is None:
        raise LookupError("the first tenant's owner exists before the tenant")
    await people.add_membership(db, tenant_id, person_id, Role.OWNER)
    if password_hash is None:
        await _add_link(db, keyring, tenant_id, person_id)


async def _add_link(db: SystemDb, keyring: Keyring, tenant_id: UUID, person_id: UUID) -> str:
    secret = mint_key(LINK_PREFIX)
    sealed = seal(keyring.sealing, secret, place=_place(tenant_id))
    await owner_links.add(db, tenant_id, person_id, keyed_hash(keyring.refresh, secret), sealed)
    return secret


async def _open_link(db: SystemDb, keyring: Keyring, tenant_id: UUID) -> str | None:
    link = await owner_links.newest_of(db, tenant_id)
    if link is None or link.sealed_secret is None:
        return None
    try:
        return unseal(keyring.sealing, link.sealed_secret, place=_place(tenant_id))
    except SealBrokenError:
        # The installation's secret was changed: the old link can be neither read nor used any more.
        await owner_links.remove(db, link.id)
        return await _add_link(db, keyring, tenant_id, link.person_id)


async def add_sample_bot(db: SystemDb, tenant_id: UUID, bot_name: str) -> None:
    base_id = await knowledge.add_base(db, tenant_id, bot_name)
    for name, content in sample_documents():
        await add_markdown(db, tenant_id, base_id, name, content)
    terms = BotTerms(SAMPLE_PROMPT, SAMPLE_GREETING, knowledge_base_ids=(base_id,))
    await bots.add(db, tenant_id, bot_name, BotType.WEB, terms)


def _place(tenant_id: UUID) -> str:
    return f"owner_links.sealed_secret/{tenant_id}"
