"""Documents at URLs are fetched from where the installation lets them be, bounded, and read by their
bytes.
"""

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio
from aiohttp import web

from callmissed.domain.audit import SYSTEM
from callmissed.domain.knowledge import MAX_FILE_BYTES, Document, DocumentState, Origin
from callmissed.runtime.house import House, open_house
from callmissed.runtime.reading import read_document
from callmissed.runtime.settings import load_settings
from callmissed.services import knowledge
from callmissed.services.documents import Given, get_document, give_document, read_again
from tests import documents
from tests.databases import fresh_database
from tests.jobs.test_jobs import NOWHERE, environment
from tests.stories import Tenant, a_tenant
from tests.tools.servers import ToolServer, tool_server

NOT_THERE = "Its address does not answer."
PART = bytes(1 << 20)


@dataclass(frozen=True, slots=True)
class Setting:
    house: House
    tenant: Tenant
    server: ToolServer

    async def fetch(self, path: str, origin: str | None = None) -> Document:
        """What became of a document at this path of the server."""
        url = f"{origin or self.server.url}{path}"
        given = Given(path, "", Origin.URL, bytes(32), 0, url)
        async with self.house.database.tenant(self.tenant.id) as db:
            base = await knowledge.create_base(db, SYSTEM, path)
            document = await give_document(db, SYSTEM, base.id, given, _nothing())
        return await self.read(document)

    async def read(self, document: Document) -> Document:
        await read_document(self.house, self.tenant.id, document.id, document.version)
        async with self.house.database.tenant(self.tenant.id) as db:
            return await get_document(db, document.knowledge_base_id, document.id)


async def _nothing() -> AsyncIterator[bytes]:
    for part in ():
        yield part


@asynccontextmanager
async def a_setting(postgres_url: str, allowed: str) -> AsyncIterator[Setting]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(fresh_database(postgres_url))
        server = await stack.enter_async_context(tool_server())
        settings = {**environment(url, NOWHERE), "CALLMISSED_OUTBOUND_ALLOW": allowed}
        house = await stack.enter_async_context(open_house(load_settings(settings)))
        yield Setting(house, await a_tenant(house.database), server)


@pytest_asyncio.fixture
async def setting(postgres_url: str) -> AsyncIterator[Setting]:
    """Only the one loopback address that the server listens on may be reached."""
    async with a_setting(postgres_url, "127.0.0.1/32") as one:
        yield one


def redirect(location: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": location})

    return answer


async def test_what_is_there_is_read_by_its_bytes(setting: Setting) -> None:
    answers = setting.server.answers
    answers["/page"] = web.Response(body=documents.HTML, content_type="text/html")
    answers["/school"] = web.Response(body=documents.pdf(2), content_type="text/plain")
    answers["/moved"] = redirect("/page")
    for path, kind in (("/school", "application/pdf"), ("/moved", "text/html")):
        document = await setting.fetch(path)
        assert (document.state, document.error) == (DocumentState.INDEXED, None)
        assert document.media_type == kind and document.passage_count and document.size_bytes


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/secret",
        "http://[::1]:{port}/secret",
        "http://[::ffff:10.0.0.1]/secret",
        "http://0.0.0.0:{port}/secret",
        "http://2130706434:{port}/secret",
        "file:///etc/passwd",
        "ftp://127.0.0.1/secret",
        "/loop",
    ],
)
async def test_a_redirect_leads_nowhere_else(setting: Setting, location: str) -> None:
    setting.server.answers["/loop"] = redirect(location.format(port=setting.server.port))
    setting.server.answers["/secret"] = web.Response(text="# Secret\n\nInside.")
    document = await setting.fetch("/loop")
    assert (document.state, document.error) == (DocumentState.FAILED, NOT_THERE)
    assert all(path == "/loop" for _, path, _, _ in setting.server.seen)
    assert len(setting.server.seen) <= 6


async def test_nothing_inside_is_reached_unless_it_is_allowed(postgres_url: str) -> None:
    async with a_setting(postgres_url, "") as setting:
        document = await setting.fetch("/page")
        assert document.error == NOT_THERE and setting.server.seen == []


async def test_what_is_too_large_or_nothing_is_refused(setting: Setting) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            for _ in range(2 * MAX_FILE_BYTES // len(PART)):
                await answer.write(PART)
        except ConnectionError:
            sent.append("left")
        return answer

    sent: list[str] = []
    packed = gzip.compress(bytes(MAX_FILE_BYTES + 1))
    setting.server.answers |= {
        "/endless": endless,
        "/packed": web.Response(body=packed, headers={"Content-Encoding": "gzip"}),
        "/empty": web.Response(body=b""),
        "/image": web.Response(body=b"\x89PNG\r\n\x1a\n" + bytes(99), content_type="text/html"),
        "/gone": web.Response(status=404, text="# Gone"),
    }
    errors = {path: (await setting.fetch(path)).error or "" for path in setting.server.answers}
    for path in ("/endless", "/packed"):
        assert errors[path] == f"It is larger than {MAX_FILE_BYTES} bytes."
    assert "no text" in errors["/empty"] or "empty" in errors["/empty"]
    assert "image/png" in errors["/image"]
    assert errors["/gone"] == "Its address answers with status 404."


async def test_fetched_again_it_is_a_new_version(setting: Setting) -> None:
    answers = setting.server.answers
    answers["/page"] = web.Response(text="# Hours\n\nOpen at eight.", content_type="text/markdown")
    first = await setting.fetch("/page")
    answers["/page"] = web.Response(status=503)
    async with setting.house.database.tenant(setting.tenant.id) as db:
        again = await read_again(db, SYSTEM, first.knowledge_base_id, first.id)
    assert again.version == 2
    failed = await setting.read(again)
    assert (failed.state, failed.published_version) == (DocumentState.FAILED, 1)
    answers["/page"] = web.Response(text="# Hours\n\nOpen at nine.", content_type="text/markdown")
    async with setting.house.database.tenant(setting.tenant.id) as db:
        again = await read_again(db, SYSTEM, first.knowledge_base_id, first.id)
    healed = await setting.read(again)
    assert (healed.state, healed.published_version) == (DocumentState.INDEXED, 3)
