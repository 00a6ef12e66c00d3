"""A house whose catalogue has an embedding model, served by the simulator of one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from callmissed.dev.providers import Providers, running_providers
from callmissed.domain.audit import SYSTEM
from callmissed.domain.knowledge import Document, Origin
from callmissed.runtime.embedding import embed_document
from callmissed.runtime.house import House, open_house
from callmissed.runtime.reading import read_document
from callmissed.runtime.settings import load_settings
from callmissed.services import knowledge
from callmissed.services.documents import Given, get_document, give_document
from tests.databases import fresh_database
from tests.jobs.test_documents import in_parts
from tests.jobs.test_jobs import NOWHERE, environment
from tests.stories import Tenant, a_tenant

MODEL, OTHER = "meaning/small", "meaning/other"
STANZAS = """
[[providers]]
name = "meaning"
wire = "openai"
base_url = "{url}"
needs_key = false

[[models]]
id = "meaning/small"
service = "embedding"
provider = "meaning"
upstream = "small"
options = {{ least_similarity = 0.1, batch = 4 }}

[[models]]
id = "meaning/other"
service = "embedding"
provider = "meaning"
upstream = "other"
options = {{ least_similarity = 0.1, dimensions = 64, question_prefix = "query: " }}
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """A house, who simulates its models, and a base of a tenant that has an embedding model."""

    house: House
    sims: Providers
    tenant: Tenant
    base_id: UUID

    async def give(self, name: str, words: str) -> Document:
        """Read, and not yet embedded."""
        data = words.encode()
        given = Given(name, "text/markdown", Origin.TEXT, bytes(32), len(data))
        async with self.house.database.tenant(self.tenant.id) as db:
            document = await give_document(db, SYSTEM, self.base_id, given, in_parts(data))
        await read_document(self.house, self.tenant.id, document.id, document.version)
        return await self.look(document)

    async def embed(self, document: Document) -> Document:
        await embed_document(self.house, self.tenant.id, document.id, document.version)
        return await self.look(document)

    async def look(self, document: Document) -> Document:
        async with self.house.database.tenant(self.tenant.id) as db:
            return await get_document(db, document.knowledge_base_id, document.id)


@asynccontextmanager
async def a_setting(
    postgres_url: str, folder: Path, model: str | None = MODEL
) -> AsyncIterator[Setting]:
    async with running_providers() as sims, fresh_database(postgres_url) as url:
        catalog = folder / "own.toml"
        catalog.write_text(STANZAS.format(url=sims.chat_url))
        settings = {**environment(url, NOWHERE), "CALLMISSED_CATALOG": str(catalog)}
        async with open_house(load_settings(settings)) as house:
            tenant = await a_tenant(house.database)
            async with house.database.tenant(tenant.id) as db:
                base = await knowledge.create_base(db, SYSTEM, "School", model)
            yield Setting(house, sims, tenant, base.id)
