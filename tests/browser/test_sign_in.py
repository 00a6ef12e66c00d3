"""The owner makes the account theirs, leaves, and comes back with the password."""

from playwright.async_api import Browser, Page, expect

from tests.browser.browsers import Visitor
from tests.browser.screens import check

EMAIL = "owner@example.com"
PASSWORD = "brass-lantern-42-orchard"


async def sign_in(page: Page, password: str) -> None:
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.locator("input[type=password]").fill(password)
    await page.keyboard.press("Enter")


async def test_the_owner_sets_an_account_leaves_and_signs_in_again(
    owner: Visitor, browser: Browser
) -> None:
    async with owner.window(browser) as page:
        await page.goto("/playground")
        await page.get_by_role("button", name="Set e-mail and password").click()
        await page.get_by_label("E-mail").fill(EMAIL)
        await check(page)
        await page.get_by_label("New password").fill(PASSWORD)
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("heading", name="Make this account yours")).to_be_hidden()
        await expect(page.get_by_role("button", name="Set e-mail and password")).to_be_hidden()

        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url("**/sign-in*")
        await page.reload()
        await sign_in(page, "not-the-password-at-all")
        refused = page.get_by_role("alert")
        await expect(refused).to_contain_text("Signing in did not work")
        await expect(refused).to_contain_text("Request id")
        await check(page)
        await sign_in(page, PASSWORD)
        await page.wait_for_url("**/playground")
        await expect(page.get_by_role("button", name="Talk")).to_be_enabled()


async def test_asking_for_a_new_password_says_the_same_to_everybody(
    owner: Visitor, browser: Browser
) -> None:
    async with Visitor(owner.base_url).window(browser) as page:
        await page.goto("/sign-in")
        await page.get_by_role("link", name="Forgot the password?").click()
        await expect(page.get_by_role("heading", name="Forgot the password")).to_be_visible()
        await page.get_by_label("E-mail").fill("nobody@example.com")
        await page.get_by_role("button", name="Ask for a link").click()
        await expect(page.get_by_role("status")).to_contain_text("If somebody here has this e-mail")


async def test_secrets_leave_the_address_bar(owner: Visitor, browser: Browser) -> None:
    async with Visitor(owner.base_url).window(browser) as page:
        await page.goto("/invite#cmi_not_an_invitation")
        await expect(page.get_by_role("alert")).to_contain_text("Request id")
        assert page.url.endswith("/invite")
        await page.goto("/reset#cmp_not_a_reset")
        await page.get_by_label("New password").fill(PASSWORD)
        await page.get_by_role("button", name="Set the password").click()
        await expect(page.get_by_role("alert")).to_contain_text("Request id")
        assert page.url.endswith("/reset")
