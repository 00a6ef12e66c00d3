"""Secrets that the tests were given and words that they said: none of them may stand in a log.

What goes over REST is noted by `note_exchange`, what is said in calls by `note_words`. Whatever has
the form of a key or a token is looked for too, noted or not.
"""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote

import httpx2
import structlog

from callmissed.runtime.logs import configure_logs

FEWEST_CHARS = 12
FORMS = {
    "something like a key": re.compile(r"\bcm[a-z]{0,3}_[0-9A-Za-z]{36}\b"),
    "something like a token": re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+"),
}
SECRET_FIELDS = {
    "password",
    "new_password",
    "current_password",
    "secret",
    "link_secret",
    "invite_secret",
    "token",
    "access_token",
    "livekit_token",
    "key",
}
WORDED_FIELDS = {"system_prompt", "greeting", "metadata", "variables", "phone_number"}
# Lines that `up` prints for whoever started it, with the link and the key, are no logs: those of
# its children stand behind their names.
CHILD_LINE = re.compile(r"^[\w.-]+ +\| (.*)$", re.MULTILINE)

_noted: dict[str, str] = {}


def note(value: str, what: str) -> None:
    """Short values are left out: they stand in logs by chance."""
    if len(value) >= FEWEST_CHARS:
        _noted[value] = what


def note_words(text: str | None) -> None:
    if text and " " in text.strip():
        note(text, "words of a call")


async def note_exchange(response: httpx2.Response) -> None:
    """For `event_hooks` of a client: its credentials, what it sent and what it was given."""
    await response.aread()
    note(response.request.headers.get("authorization", "").partition(" ")[2], "a credential")
    for cookie in response.headers.get_list("set-cookie"):
        note(cookie.partition("=")[2].partition(";")[0], "a cookie")
    for message in (response.request, response):
        # A body that was streamed, or is nested beyond reading, is a test of its own.
        with suppress(ValueError, RecursionError, httpx2.RequestNotRead):
            _note_fields(json.loads(message.content))


def logged_by_children(log: str) -> str:
    """Of what `callmissed up` wrote the lines of its processes."""
    return "\n".join(CHILD_LINE.findall(log))


def find_canaries(log: str) -> set[str]:
    """What was found, without its value."""
    found = {what for what, form in FORMS.items() if form.search(log)}
    for value, what in _noted.items():
        written = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
        if any(one in log for one in (*written, quote(value, safe=""))):
            found.add(what)
    return found


@contextmanager
def collected_logs() -> Iterator[io.StringIO]:
    """What this process logs within the block, configured as an installation's processes are."""
    root, log = logging.getLogger(), io.StringIO()
    before = list(root.handlers), root.level
    configure_logs("tests", "debug")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(log)
    try:
        yield log
    finally:
        root.handlers[:], level = before
        root.setLevel(level)
        structlog.reset_defaults()


def _note_fields(value: Any, is_words: bool = False) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in SECRET_FIELDS and isinstance(inner, str):
                note(inner, f"the field {name}")
            else:
                _note_fields(inner, is_words or name in WORDED_FIELDS)
    elif isinstance(value, list):
        for inner in value:
            _note_fields(inner, is_words)
    elif isinstance(value, str) and is_words:
        note_words(value)
