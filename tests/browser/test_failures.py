"""Every failure has a message that stays, says what to do, and goes when its cause is gone."""

import json
from typing import Any

import httpx2
from playwright.async_api import Browser, Page, Playwright, Route, expect

from tests.browser.browsers import (
    FAKE_DEVICE,
    SAY_YES,
    Visitor,
    running_browser,
)
from tests.browser.screens import hear_greeting, stage, start_talking
from tests.browser.sounds import PageSound
from tests.servers import Installation

SESSIONS = "**/v1/voice/sessions"


async def press_talk(page: Page) -> None:
    await page.get_by_role("button", name="Talk").click()


def refusal(status: int, code: str, **headers: str) -> Any:
    """Answers a request as the API would, with an error object."""
    error = {"message": "m", "type": code, "code": code, "param": None, "hint": "h"}
    body = json.dumps({"error": error | {"doc_url": "", "request_id": "req_of_the_test"}})

    async def answer(route: Route) -> None:
        if route.request.method != "POST":
            await route.fallback()
            return
        await route.fulfill(
            status=status, content_type="application/json", headers=headers, body=body
        )

    return answer


async def test_a_refused_microphone_is_explained_until_it_is_allowed(
    owner: Visitor, playwright: Playwright
) -> None:
    async with running_browser(playwright, FAKE_DEVICE) as browser, owner.window(browser) as page:
        await page.goto("/playground")
        await press_talk(page)
        message = page.get_by_role("alert")
        await expect(message).to_contain_text("The microphone is blocked for this page")
        await expect(message).to_contain_text("allow the microphone")
        await page.context.grant_permissions(["microphone"])
        await expect(message).to_be_hidden()
        await start_talking(page)


async def test_a_machine_without_a_microphone_is_told_so(
    owner: Visitor, playwright: Playwright
) -> None:
    async with running_browser(playwright, SAY_YES) as browser, owner.window(browser) as page:
        await page.add_init_script(
            "navigator.mediaDevices.getUserMedia = async () => {"
            " throw new DOMException('none', 'NotFoundError') }"
        )
        await page.goto("/playground")
        await press_talk(page)
        await expect(page.get_by_role("alert")).to_contain_text("No microphone was found")


async def test_an_address_without_a_microphone_is_explained(
    owner: Visitor, playwright: Playwright
) -> None:
    """Browsers give plain http pages of other machines no microphone."""
    url = owner.base_url.replace("127.0.0.1", "callmissed.test")
    rules = "--host-resolver-rules=MAP callmissed.test 127.0.0.1"
    async with running_browser(playwright, rules) as browser, owner.window(browser) as page:
        await move_cookies(page, "callmissed.test")
        await page.goto(f"{url}/playground")
        await press_talk(page)
        await expect(page.get_by_role("alert")).to_contain_text("no microphone to this address")
        await move_cookies(page, "127.0.0.1")


async def move_cookies(page: Page, domain: str) -> None:
    cookies: list[Any] = [
        dict(cookie) | {"domain": domain} for cookie in await page.context.cookies()
    ]
    await page.context.clear_cookies()
    await page.context.add_cookies(cookies)


async def test_busy_lines_say_when_to_try_again(playground: Page) -> None:
    await playground.route(SESSIONS, refusal(503, "at_capacity", **{"Retry-After": "7"}))
    await press_talk(playground)
    message = playground.get_by_role("alert")
    await expect(message).to_contain_text("All lines are busy")
    await expect(message).to_contain_text("seconds")
    await expect(message).to_contain_text("req_of_the_test")
    await message.get_by_role("button", name="Dismiss").click()
    await expect(message).to_be_hidden()


async def test_a_server_that_is_gone_is_named(playground: Page) -> None:
    await playground.route(SESSIONS, lambda route: route.abort())
    await press_talk(playground)
    await expect(playground.get_by_role("alert")).to_contain_text("The server does not answer")


async def test_a_lost_sign_in_keeps_the_page_and_says_so(playground: Page) -> None:
    await playground.route("**/v1/auth/refresh", refusal(401, "token_expired"))
    await playground.route(SESSIONS, refusal(401, "token_expired"))
    await press_talk(playground)
    await expect(playground.get_by_role("alert")).to_contain_text("You are signed out")
    await expect(playground.get_by_role("heading", name="Playground")).to_be_visible()


async def test_a_room_that_cannot_be_reached_is_explained(playground: Page) -> None:
    async def lead_astray(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.json()
        await route.fulfill(response=answer, json=body | {"ws_url": "ws://127.0.0.1:9"})

    await playground.route(SESSIONS, lead_astray)
    await press_talk(playground)
    await expect(playground.get_by_role("alert")).to_contain_text("No connection to the media")


async def test_a_session_deleted_during_the_call_is_explained(
    playground: Page, installation: Installation
) -> None:
    async with playground.expect_response(
        lambda answer: answer.url.endswith("/v1/voice/sessions") and answer.status == 201
    ) as created:
        await press_talk(playground)
    session = await (await created.value).json()
    await hear_greeting(playground, PageSound(playground))
    async with httpx2.AsyncClient(base_url=installation.base_url) as client:
        answer = await client.delete(
            f"/v1/voice/sessions/{session['id']}",
            headers={"Authorization": f"Bearer {installation.api_key}"},
        )
    assert answer.status_code == 204
    await expect(playground.get_by_role("alert")).to_contain_text("ended from outside")
    await expect(stage(playground)).to_have_attribute("data-state", "ended")


async def test_a_used_owner_link_says_where_another_is_found(
    owner: Visitor, browser: Browser, installation: Installation
) -> None:
    assert installation.owner_link
    async with Visitor(owner.base_url).window(browser) as page:
        await page.goto(installation.owner_link)
        await expect(page.get_by_role("heading")).to_have_text("This link does not work any more")
        assert page.url.endswith("/claim")
        await page.goto("/")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
