"""What is hidden by its looks, and what is not."""

import pytest

from callmissed.kit.redaction import hide_phone_numbers, hide_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+919876543210", "***10"),
        ("call from +91 98765-43210 now", "call from ***10 now"),
        ("98765 43210", "***10"),
        ("(040) 2345 6789", "***89"),
        ("/v1/numbers/+919876543210/x", "/v1/numbers/***10/x"),
        ("tel:+15551234567", "tel:***67"),
        ("९८७६५४३२१०", "***१०"),
    ],
)
def test_a_number_keeps_two_digits(text: str, shown: str) -> None:
    assert hide_phone_numbers(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "11111111-1111-4111-8111-111111111111",
        "run_deletion-11111111-1111-4111-8111-111111111111",
        "192.168.100.200",
        "2026-04-19T12:00:00.123Z",
        "2026-04-19",
        "took 12345 ms of 1234567",
        "id 3f2a9876543210ab",
    ],
)
def test_other_digits_stay(text: str) -> None:
    assert hide_phone_numbers(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key cm_0123456789abcdefghijABCDEFGHIJ012345", "key ***"),
        ("cmr_0123456789abcdefghijABCDEFGHIJ012345", "***"),
        ("/ws?key=open-sesame&x=1", "/ws?key=***&x=1"),
        ("/rtc?access_token=open.sesame", "/rtc?access_token=***"),
        ("Bearer open-sesame-1", "Bearer ***"),
        ("postgresql://me:open-sesame@db/x", "postgresql://***@db/x"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYWxsZXIifQ.c2lnbmF0dXJl", "***"),
        ("refused sk-or-v1-0123456789abcdef", "refused ***"),
        ("api-subscription-key: 01234567-89ab", "api-subscription-key: ***"),
        ("a key of the tenant, sk_short", "a key of the tenant, sk_short"),
    ],
)
def test_secrets_are_hidden(text: str, shown: str) -> None:
    assert hide_secrets(text) == shown
