"""Host rules let in the origins that they name, and no other."""

import pytest

from callmissed.kit.host_rules import origin_matches, read_rule, rule_covers


@pytest.mark.parametrize(
    ("rule", "origin", "matches"),
    [
        ("example.com", "https://example.com", True),
        ("example.com", "http://EXAMPLE.com:3000", True),
        ("example.com", "capacitor://example.com", True),
        ("example.com", "https://www.example.com", False),
        ("example.com", "https://example.com.", False),
        ("example.com", "https://example.com/", False),
        ("example.com", "https://example.com.evil.net", False),
        ("example.com", "https://notexample.com", False),
        ("*.example.com", "https://a.example.com", True),
        ("*.example.com", "https://a.b.example.com", True),
        ("*.example.com", "https://example.com", False),
        ("*.example.com", "https://.example.com", False),
        ("*.example.com", "https://evilexample.com", False),
        ("example.com:443", "https://example.com", True),
        ("example.com:443", "http://example.com", False),
        ("localhost:5173", "http://localhost:5173", True),
        ("localhost:5173", "http://localhost:51730", False),
        ("127.0.0.1", "http://127.0.0.1:8000", True),
        ("example.com", "null", False),
        ("example.com", "", False),
        ("example.com", "https://user@example.com", False),
        ("example.com", "https://evil.net#example.com", False),
        ("example.com", "https://evil.net\nhttps://example.com", False),
    ],
)
def test_an_origin_matches_exactly(rule: str, origin: str, matches: bool) -> None:
    assert origin_matches(origin, [read_rule(rule)]) is matches


@pytest.mark.parametrize(
    "text",
    ["", "*", "*.com", "https://a.com", "a.com/x", "a..com", "-a.com", "a.com:", "a.com:port",
     "münchen.de", "a b.com", "*.*.a.com", "a.*.com", "x" * 300 + ".com"],
)  # fmt: skip
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_rule(text)


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        ("example.com", "example.com", True),
        ("example.com", "example.com:443", True),
        ("example.com:443", "example.com", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "*.a.example.com", True),
        ("*.example.com", "*.example.com:8080", True),
        ("*.example.com", "example.com", False),
        ("*.a.example.com", "*.example.com", False),
        ("example.com", "*.example.com", False),
        ("*.example.com", "evilexample.com", False),
    ],
)
def test_a_rule_covers_what_lets_in_no_more(wide: str, narrow: str, covers: bool) -> None:
    assert rule_covers(wide, narrow) is covers
