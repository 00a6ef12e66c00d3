"""Every error has a page here, and everything the pages link to is here too."""

import re

import httpx2
import pytest

from callmissed.domain.errors import Kind


@pytest.mark.parametrize("kind", Kind)
async def test_every_doc_url_is_a_page_of_ours(nobody: httpx2.AsyncClient, kind: Kind) -> None:
    page = await nobody.get(f"/docs/errors/{kind}")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<code>{kind}</code>" in page.text
    assert "What to do" in page.text


async def test_the_reference_links_to_pages_that_are_there(nobody: httpx2.AsyncClient) -> None:
    page = await nobody.get("/docs")
    links = re.findall(r'href="([^"]+)"', page.text)
    assert len(links) > len(Kind)
    for link in links:
        assert (await nobody.get(link)).status_code == 200


async def test_the_reference_shows_every_route_and_loads_nothing(
    nobody: httpx2.AsyncClient,
) -> None:
    page = (await nobody.get("/docs")).text
    for path in (await nobody.get("/openapi.json")).json()["paths"]:
        assert path in page
    assert "max_duration_seconds" in page
    assert "http://" not in page and "https://" not in page and "<script" not in page


async def test_an_unknown_error_page_is_404(nobody: httpx2.AsyncClient) -> None:
    for kind in ("nothing", "..%2f..%2fapp", "NOT_FOUND"):
        assert (await nobody.get(f"/docs/errors/{kind}")).status_code == 404
