"""What a process is built of: made once, passed down."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from callmissed.domain.installation import FirstStart, InitRequest
from callmissed.domain.keyring import Keyring
from callmissed.domain.models import Service
from callmissed.kit.clock import SYSTEM_CLOCK, Clock
from callmissed.providers import Warm
from callmissed.providers.catalog import LOCAL, Catalog
from callmissed.providers.connections import Connections
from callmissed.providers.livekit_server import Rooms
from callmissed.providers.local.engines import missing_voices
from callmissed.providers.mail import Mailer
from callmissed.runtime.catalogs import read_catalog
from callmissed.runtime.library import Library
from callmissed.runtime.searching import Searcher
from callmissed.runtime.settings import Settings, SettingsError
from callmissed.services.installation import prepare
from callmissed.services.outbound import Resolver
from callmissed.services.passwords import Passwords
from callmissed.services.provider_keys import Vault
from callmissed.store.database import Database
from callmissed.store.migrations import upgrade
from callmissed.store.roles import UnfitDatabaseError


@dataclass(frozen=True, slots=True)
class House:
    """`keyring` holds what was derived from the installation's secret; `rooms` are LiveKit's,
    `resolver` looks up customers' names, `mailer` is None without a mail server, `connections` go to the
    providers. `warm`, which is never opened, and `library` are what chats in text share, `searcher` what
    searches in knowledge bases do."""

    settings: Settings
    database: Database
    rooms: Rooms
    catalog: Catalog
    keyring: Keyring
    resolver: Resolver
    clock: Clock
    passwords: Passwords
    mailer: Mailer | None
    connections: Connections
    warm: Warm
    library: Library
    searcher: Searcher

    @property
    def vault(self) -> Vault:
        """What opens the providers, for the platform's calls and every tenant's."""
        return Vault(self.catalog, self.settings.platform_keys(), self.keyring.sealing)


@asynccontextmanager
async def open_house(settings: Settings, clock: Clock = SYSTEM_CLOCK) -> AsyncIterator[House]:
    """Nothing is connected yet: a database or media server that is down is met by the first who
    asks. Raises SettingsError for a catalogue that cannot be used.
    """
    catalog = catalog_here(settings)
    database = Database(settings.database_url)
    rooms = Rooms(settings.livekit_url, settings.livekit_api_key, settings.livekit_api_secret)
    resolver, passwords = Resolver(), Passwords()
    connections = Connections(settings.outbound_allow)
    mailer = Mailer(settings.smtp_url, settings.mail_from) if settings.smtp_url else None
    warm = Warm(allowed=settings.outbound_allow)
    library = Library(settings.database_url, lambda: connections)
    keyring = derive_keyring(settings)
    vault = Vault(catalog, settings.platform_keys(), keyring.sealing)
    searcher = Searcher(database, connections, vault)
    try:
        yield House(
            settings,
            database,
            rooms,
            catalog,
            keyring,
            resolver,
            clock,
            passwords,
            mailer,
            connections,
            warm,
            library,
            searcher,
        )
    finally:
        await searcher.aclose()
        await warm.aclose()
        await library.aclose()
        await connections.aclose()
        passwords.close()
        resolver.close()
        await rooms.aclose()
        await database.dispose()


def catalog_here(settings: Settings) -> Catalog:
    """The catalogue without the voices that this machine lacks.

    A machine without any is one that runs no calls: its catalogue stays whole, others speak. Raises
    SettingsError.
    """
    catalog, missing = read_catalog(settings), missing_voices()
    local = [model for model in catalog.of(Service.TTS) if model.provider == LOCAL]
    return catalog if len(missing) == len(local) else catalog.without(*missing)


def derive_keyring(settings: Settings) -> Keyring:
    return Keyring(
        api_keys=settings.derive(b"api-keys"),
        access_jwt=settings.derive(b"access-jwt"),
        refresh=settings.derive(b"refresh"),
        sealing=settings.derive(b"sealing"),
    )


def migrate(settings: Settings) -> None:
    """Brings the database to this version's schema; blocks, and waits for others that do the same.

    Raises SettingsError for a database that cannot hold it, Refusal UNAVAILABLE for one that does
    not answer.
    """
    try:
        upgrade(settings.database_url)
    except UnfitDatabaseError as error:
        raise SettingsError("DATABASE_URL", error.message, error.hint) from error


async def prepare_installation(settings: Settings) -> FirstStart:
    """The first tenant, its sample bot, key and owner link, as the `CALLMISSED_INIT_*` settings
    say.
    """
    init = InitRequest(
        tenant_name=settings.init_tenant,
        bot_name=settings.init_bot,
        owner_email=settings.init_owner_email,
        owner_password=settings.init_owner_password,
        api_key=settings.init_api_key,
    )
    database = Database(settings.database_url, pool_size=1)
    try:
        async with database.system() as db:
            return await prepare(db, derive_keyring(settings), init)
    finally:
        await database.dispose()
