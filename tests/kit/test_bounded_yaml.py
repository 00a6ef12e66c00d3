"""YAML that people edit: words stay words, nothing grows or runs."""

import pytest

from callmissed.kit.bounded_yaml import YamlError, read_yaml, write_yaml

BOMB = "a: &a [x, x]\n" + "\n".join(f"b{n}: &b{n} [*a, *a]" for n in range(20))


def test_words_stay_words() -> None:
    value = read_yaml(
        "a: no\nb: on\nc: 12:30\nd: 2026-01-01\ne: 7\nf: true\ng: null\nh: 1.5\ni: 0112\nj: .nan"
    )
    assert value == {
        "a": "no",
        "b": "on",
        "c": "12:30",
        "d": "2026-01-01",
        "e": 7,
        "f": True,
        "g": None,
        "h": 1.5,
        "i": "0112",
        "j": ".nan",
    }


def test_what_is_written_is_read_back() -> None:
    value = {
        "text": "one\ntwo: no\n",
        "words": ["no", "on", "12:30", "2026-01-01", "1", "true", "", "#", "नमस्ते"],
        "numbers": [1, 1.5, True, None],
        "same": [{"a": 1}] * 2,
    }
    assert read_yaml(write_yaml(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "a: [",
        "!!python/object/apply:os.system [ls]",
        "!!binary aGVsbG8=",
        "!!set {a, b}",
        "[" * 5000,
        "a: \x00",
    ],
)
def test_what_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(YamlError):
        read_yaml(text)
