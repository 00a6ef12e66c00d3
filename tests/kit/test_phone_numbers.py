"""E.164, and the ways in which people write the same number."""

import pytest

from callmissed.kit.phone_numbers import read_e164, written_forms


@pytest.mark.parametrize(
    "written", ["+919876543210", "+91 98765-43210", "0091 (98765) 43210", "+91.98765/43210"]
)
def test_a_number_is_read_however_it_is_written(written: str) -> None:
    assert read_e164(written) == "+919876543210"


@pytest.mark.parametrize("written", ["9876543210", "+0123456789", "+12345", "+91 98x", "", "+"])
def test_what_has_no_country_code_or_is_no_number_is_none(written: str) -> None:
    assert read_e164(written) is None


@pytest.mark.parametrize(
    ("number", "national"),
    [
        ("+919876543210", "9876543210"),
        ("+14155552671", "4155552671"),
        ("+971501234567", "501234567"),
    ],
)
def test_the_country_code_is_taken_off(number: str, national: str) -> None:
    digits = number[1:]
    assert written_forms(number) == (number, f"00{digits}", digits, national, f"0{national}")
