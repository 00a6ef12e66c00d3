"""Passwords are hashed beside the loop, a few at once, and the queue has an end."""

import asyncio
from collections.abc import AsyncIterator

import argon2
import pytest

from callmissed.domain.errors import Refusal
from callmissed.kit.passwords import hash_password, is_outdated, password_fits
from callmissed.services.passwords import MAX_WAITING, Passwords

PASSWORD = "a lamp made of old dogs"


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


async def test_a_password_fits_its_hash_only(passwords: Passwords) -> None:
    hashed = await passwords.hash(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await passwords.fits(hashed, PASSWORD)
    assert not await passwords.fits(hashed, PASSWORD + " ")
    assert not await passwords.fits(None, PASSWORD)
    assert not await passwords.fits("torn", PASSWORD)
    assert await passwords.renew(hashed, PASSWORD) is None


async def test_an_older_hash_is_renewed(passwords: Passwords) -> None:
    old = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    assert is_outdated(old)
    assert await passwords.fits(old, PASSWORD)
    renewed = await passwords.renew(old, PASSWORD)
    assert renewed is not None and password_fits(renewed, PASSWORD) and not is_outdated(renewed)


def test_one_character_has_one_form_however_it_was_typed() -> None:
    assert password_fits(hash_password("cafe\u0301 au lait"), "caf\u00e9 au lait")


async def test_who_comes_to_a_full_queue_is_told_so(passwords: Passwords) -> None:
    many = [passwords.fits("torn", PASSWORD) for _ in range(MAX_WAITING + 5)]
    answers = await asyncio.gather(*many, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refused) == 5
    assert {(one.kind.value, one.retry_after_s) for one in refused} == {("unavailable", 2)}
    assert not await passwords.fits("torn", PASSWORD)
