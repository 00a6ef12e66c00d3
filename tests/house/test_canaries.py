"""The search for canaries finds what it is for."""

import logging

import httpx2
import pytest

from callmissed.kit.tokens import mint_key
from tests.canaries import (
    collected_logs,
    find_canaries,
    logged_by_children,
    note,
    note_exchange,
    note_words,
)


def test_noted_values_are_found_however_they_are_written() -> None:
    note("grüße & secrets", "a password")
    note_words("my name is Asha")
    assert find_canaries("nothing") == set()
    for written in (
        "grüße & secrets",
        "gr\\u00fc\\u00dfe & secrets",
        "gr%C3%BC%C3%9Fe%20%26%20secrets",
    ):
        assert find_canaries(f'{{"event": "{written}"}}') == {"a password"}
    assert find_canaries("heard: my name is Asha") == {"words of a call"}


@pytest.mark.parametrize("prefix", ["cm", "cmo", "cmr"])
def test_a_key_is_known_by_its_form(prefix: str) -> None:
    assert find_canaries(f"key={mint_key(prefix)}") == {"something like a key"}


async def test_what_goes_over_rest_is_noted() -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        headers = {"set-cookie": "cm_refresh=cookie-value-1; HttpOnly"}
        return httpx2.Response(200, json={"token": "token-value-1"}, headers=headers)

    transport = httpx2.MockTransport(answer)
    hooks = {"response": [note_exchange]}
    async with httpx2.AsyncClient(transport=transport, event_hooks=hooks) as client:
        await client.post(
            "http://api.test/",
            json={"password": "password-value", "metadata": {"a": ["who is calling"]}},
            headers={"Authorization": "Bearer bearer-value-1"},
        )
    log = "cookie-value-1 token-value-1 password-value who is calling bearer-value-1"
    assert len(find_canaries(log)) == 5


def test_an_installations_own_lines_are_not_its_logs() -> None:
    log = 'Owner link: http://h/claim#x\napi      | {"event": "a"}\nlivekit  | b\n'
    assert logged_by_children(log) == '{"event": "a"}\nb'


def test_logs_are_collected_as_an_installation_writes_them() -> None:
    with collected_logs() as log:
        logging.getLogger("livekit").warning("heard %s", "my name is Asha")
    assert '"event": "heard %s"' in log.getvalue()
    assert "Asha" not in log.getvalue()
