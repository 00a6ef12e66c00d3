"""The first five minutes: open the link, press Talk, ask, hear the answer, interrupt, hang up."""

import re
from pathlib import Path

from playwright.async_api import Page, Playwright, expect

from tests.browser.browsers import FAKE_DEVICE, SAY_YES, Visitor, running_browser
from tests.browser.screens import check, end_call, hear_greeting, lines, stage, start_talking
from tests.browser.sounds import (
    PageSound,
    Span,
    recognise,
    word_error_rate,
    words_of,
    write_microphone_file,
)
from tests.speech.recordings import Spoken, spoken_questions

# The share of words that the recogniser may miss in a synthetic voice that came over the network.
MISHEARD = 0.35
STOP_WITHIN_S = 1.2
AUDIBLE_BEFORE_S = 0.3


def question(text: str) -> Spoken:
    return next(q for q in spoken_questions("main") if q.text == text and q.voice == "rms")


SATURDAY = question("What time do you open on Saturday?")
ADDRESS = question("What is your address?")
BLOOD_TEST = question("How much does a blood test cost?")


async def watch_for_partial_words(page: Page) -> None:
    """Afterwards `window.sawPartialWords` is true once unfinished words of the caller were shown."""
    await page.evaluate(
        """new MutationObserver(() => {
            window.sawPartialWords ||=
                document.querySelector('li[data-who="caller"][data-final="false"]') !== null
        }).observe(document.body, { subtree: true, childList: true, attributes: true })"""
    )


async def test_a_caller_asks_and_hears_the_answer(playground: Page) -> None:
    sound = PageSound(playground)
    await start_talking(playground)
    await hear_greeting(playground, sound)
    await expect(lines(playground, "agent").first).to_have_attribute("data-final", "true")

    await watch_for_partial_words(playground)
    asked = await sound.say(words_of(SATURDAY))
    await sound.hear_out(asked.until_s)

    assert await playground.evaluate("window.sawPartialWords"), "no words before the last"
    await expect(lines(playground, "caller").last).to_contain_text(re.compile("saturday", re.I))
    await expect(lines(playground, "agent").last).to_contain_text("nine in the morning")
    written = await lines(playground, "agent").last.locator("[data-text]").inner_text()
    heard = await recognise(await sound.recorded(asked.until_s))
    assert word_error_rate(written, heard) <= MISHEARD, heard
    await expect(playground.get_by_text("to first sound")).to_be_visible()
    first_s = await sound.first_audible_s(asked.until_s)
    assert first_s is not None
    print(f"end of question to first sound in the page: {(first_s - asked.until_s) * 1000:.0f} ms")


async def test_the_agent_stops_when_the_caller_speaks(playground: Page) -> None:
    sound = PageSound(playground)
    await start_talking(playground)
    await hear_greeting(playground, sound)
    asked = await sound.say(words_of(ADDRESS))
    await sound.wait_until_audible(asked.until_s)

    cut_in = await sound.say(words_of(SATURDAY))
    await sound.wait_until(cut_in.from_s + STOP_WITHIN_S + 0.2)

    before = Span(cut_in.from_s - AUDIBLE_BEFORE_S, cut_in.from_s)
    assert await sound.audible_share(before) >= 0.5, "the agent was not audible when interrupted"
    last_s = await sound.last_audible_s(Span(cut_in.from_s, cut_in.until_s))
    stopped_ms = 0 if last_s is None else (last_s - cut_in.from_s) * 1000
    print(f"interruption to silence in the page: {stopped_ms:.0f} ms")
    assert stopped_ms <= STOP_WITHIN_S * 1000
    await sound.hear_out(cut_in.until_s)
    await expect(lines(playground, "agent").last).to_contain_text("nine in the morning")
    await expect(playground.get_by_text("interrupted", exact=True)).to_be_visible()


async def test_after_the_call_everything_is_there_to_read_and_to_take_away(
    playground: Page,
) -> None:
    sound = PageSound(playground)
    await start_talking(playground)
    await hear_greeting(playground, sound)
    asked = await sound.say(words_of(SATURDAY))
    await sound.hear_out(asked.until_s)
    await check(playground)
    await end_call(playground)

    await expect(playground.get_by_text("Collecting the last words")).to_be_hidden()
    await expect(lines(playground, "caller")).to_have_count(1)
    await expect(lines(playground, "agent")).to_have_count(2)
    await expect(playground.get_by_role("img", name=re.compile("^First sound"))).to_be_visible()
    await expect(playground.get_by_role("region", name="curl")).to_contain_text("/transcript")
    await playground.get_by_text("JavaScript", exact=True).click()
    code = playground.get_by_role("region", name="JavaScript")
    await check(playground)
    await expect(code).to_contain_text(re.compile(r'"bot_id": "[0-9a-f-]{36}"'))
    await start_talking(playground)
    await hear_greeting(playground, sound)


async def test_chromiums_own_fake_microphone_is_heard(
    owner: Visitor, playwright: Playwright, tmp_path: Path
) -> None:
    """The sound goes through the browser's real capture, in which a loaded machine loses pieces:
    of three times the question, one is to be understood."""
    file = tmp_path / "microphone.wav"
    write_microphone_file(file, words_of(BLOOD_TEST), before_s=12, times=3)
    flags = (FAKE_DEVICE, SAY_YES, f"--use-file-for-fake-audio-capture={file}%noloop")
    async with running_browser(playwright, *flags) as browser, owner.window(browser) as page:
        await page.goto("/playground")
        await start_talking(page)
        await hear_greeting(page, PageSound(page))
        answer = lines(page, "agent").filter(has_text="350").first
        await expect(answer).to_be_visible(timeout=60_000)
        await expect(lines(page, "caller").last).to_contain_text("cost")
        await end_call(page)
        await expect(stage(page)).to_have_attribute("data-state", "ended")
