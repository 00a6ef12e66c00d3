"""Which passwords are taken, and who may give whom which role."""

import pytest

from callmissed.domain.common_passwords import is_common
from callmissed.domain.errors import Refusal
from callmissed.domain.people import check_may_assign, check_password
from callmissed.domain.principals import Role

EMAIL = "asha.rao@example.org"


@pytest.mark.parametrize(
    "password",
    [
        "a lamp made of old dogs",
        "correct horse battery",
        "Tr0ub4dor&3xyzz",
        "k3Jd9-sdlk2-aaX",
        "मेरा कुत्ता बहुत तेज़ है",
        "x" * 6 + "QWzz81-7",
    ],
)
def test_a_good_password_is_taken(password: str) -> None:
    check_password(password, EMAIL)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "shorter than 12"),
        ("elevenchars", "shorter than 12"),
        ("क" * 90 + "abcdef", "longer than 256 bytes"),
        (EMAIL, "made from the e-mail"),
        ("Asha.Rao@example.org", "made from the e-mail"),
        ("asha.rao12345", "made from the e-mail"),
        ("aaaaaaaaaaaa", "first that are tried"),
        ("abcabcabcabc", "first that are tried"),
        ("123456789012", "first that are tried"),
        ("210987654321", "first that are tried"),
        ("Password123!", "first that are tried"),
        ("P@ssw0rd2024", "first that are tried"),
        ("qwertyuiop12", "first that are tried"),
        ("letmeinletmein", "first that are tried"),
        ("changeme-2026!", "first that are tried"),
        ("1q2w3e4r5t6y", "first that are tried"),
        ("000000000000000000", "first that are tried"),
        ("!!!!!!!12345678", "first that are tried"),
    ],
)
def test_a_bad_password_is_refused_with_its_reason(password: str, why: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_password(password, EMAIL)
    assert why in caught.value.message
    assert (caught.value.param, caught.value.kind.value) == ("password", "invalid_value")


def test_two_known_words_are_common_and_three_others_are_not() -> None:
    assert is_common("sunshinedragon")
    assert not is_common("sunshine dragonfly lamps")


@pytest.mark.parametrize("actor", Role)
@pytest.mark.parametrize("before", [None, *Role])
@pytest.mark.parametrize("after", [None, *Role])
def test_only_owners_touch_owners(actor: Role, before: Role | None, after: Role | None) -> None:
    if actor is not Role.OWNER and Role.OWNER in (before, after):
        with pytest.raises(Refusal, match="permission_denied"):
            check_may_assign(actor, before=before, after=after)
    else:
        check_may_assign(actor, before=before, after=after)
