"""An answer is put together from chunks: words, thoughts, tool calls, usage, errors."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.agents import APIConnectionError, APIError, APIStatusError

from callmissed.kit.token_estimate import estimate_tokens
from callmissed.providers.openai.chat_chunks import DONE, AnswerReader
from callmissed.providers.openai.chat_errors import NoAnswerError
from callmissed.providers.openai.usage import TokenCount

TAGS = ("<think>", "</think>")


def chunk(
    delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any
) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "gen-1", "model": "vendor/model", "choices": choices, **more}


def say(*contents: str | None) -> list[dict[str, Any]]:
    return [*(chunk({"content": content}) for content in contents), chunk({}, "stop")]


def read(*chunks: dict[str, Any] | bytes) -> tuple[AnswerReader, str]:
    reader = AnswerReader(TAGS)
    reader.begin("")
    parts = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in chunks]
    return reader, "".join(reader.read(part) for part in parts)


def cut(text: str, places: list[int]) -> list[str]:
    marks = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(marks)]


def call(index: int | None = None, **function: str) -> dict[str, Any]:
    call_id = function.pop("id", None)
    piece: dict[str, Any] = {"function": function}
    if index is not None:
        piece["index"] = index
    if call_id is not None:
        piece["id"] = call_id
    return piece


def test_words_come_as_they_are_and_name_who_said_them() -> None:
    reader, words = read(chunk({"role": "assistant", "content": ""}), *say("नम", "स्ते", "!"), DONE)
    assert words == "नमस्ते!"
    assert (reader.request_id, reader.served_by) == ("gen-1", "vendor/model")
    assert reader.is_finished and reader.is_done
    assert reader.finish() == []


@given(st.lists(st.integers(0, 200), max_size=10))
def test_a_thought_is_never_said_wherever_it_is_cut(places: list[int]) -> None:
    text = "\n<think>They want < 3 </thin hours</think>\n\nWe open at 9 < 10."
    _, words = read(*say(*cut(text, places)))
    assert words == "We open at 9 < 10."


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_is_counted_and_never_said(field: str) -> None:
    thought = "The caller wants to know the opening hours."
    reader, words = read(chunk({field: thought}), *say("At nine."))
    assert words == "At nine."
    assert reader.count(lambda: 7) == TokenCount(7, estimate_tokens(thought + "At nine."), 0, True)


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk({"reasoning": "thinking"}), chunk({}, "stop")],
        say("<think>only a thought"),
        say("", None, "  \n"),
        [chunk({}, "length")],
        [chunk({}, "content_filter")],
        [DONE],
    ],
)
def test_an_answer_without_a_word_is_an_error(chunks: list[Any]) -> None:
    reader, words = read(*chunks)
    assert words == ""
    with pytest.raises(NoAnswerError):
        reader.finish()


def test_an_answer_that_breaks_off_is_an_error() -> None:
    reader, _ = read(chunk({"content": "We open"}))
    with pytest.raises(APIConnectionError):
        reader.finish()


@given(st.lists(st.integers(0, 200), max_size=8))
def test_tool_calls_come_whole_wherever_they_are_cut(places: list[int]) -> None:
    arguments = json.dumps({"city": "पुणे", "at": 5}, ensure_ascii=False)
    reader, words = read(
        chunk({"tool_calls": [call(0, id="a", name="find", arguments="")]}),
        *(chunk({"tool_calls": [call(0, arguments=piece)]}) for piece in cut(arguments, places)),
        chunk({"tool_calls": [call(1, id="b", name="book", arguments=arguments)]}),
        chunk({}, "tool_calls"),
    )
    assert words == ""
    assert [(one.call_id, one.name, one.arguments) for one in reader.finish()] == [
        ("a", "find", arguments),
        ("b", "book", arguments),
    ]


@pytest.mark.parametrize(
    "pieces",
    [
        # Ollama: whole calls, all with the same index.
        [
            call(0, id="a", name="find", arguments='{"n":1}'),
            call(0, id="b", name="find", arguments='{"n":2}'),
        ],
        # No ids at all.
        [call(0, name="find", arguments='{"n":1}'), call(0, name="find", arguments='{"n":2}')],
        # No index at all.
        [call(name="find", arguments='{"n":1}'), call(name="find", arguments='{"n":2}')],
        # No index, and cut.
        [
            call(name="find", arguments='{"n"'),
            call(arguments=":1}"),
            call(name="find", arguments='{"n":2}'),
        ],
        # The id in every piece, interleaved.
        [
            call(0, id="a", name="find", arguments='{"n"'),
            call(1, id="b", name="find", arguments='{"n"'),
            call(0, id="a", arguments=":1}"),
            call(1, id="b", arguments=":2}"),
        ],
    ],
)
def test_calls_are_told_apart_as_servers_number_them(pieces: list[dict[str, Any]]) -> None:
    apart, _ = read(*(chunk({"tool_calls": [piece]}) for piece in pieces), chunk({}, "stop"))
    together, _ = read(chunk({"tool_calls": pieces}), chunk({}, "stop"))
    for reader in (apart, together):
        calls = reader.finish()
        assert [one.arguments for one in calls] == ['{"n":1}', '{"n":2}']
        assert len({one.call_id for one in calls}) == 2


def test_a_call_without_arguments_has_none() -> None:
    reader, _ = read(chunk({"tool_calls": [call(0, id="a", name="hang_up")]}), chunk({}, "stop"))
    assert [one.arguments for one in reader.finish()] == ["{}"]


@pytest.mark.parametrize("arguments", ['{"n": 1', "[1]", "no json", '"text"', "[" * 50_000])
def test_a_call_that_is_cut_or_malformed_is_not_made(arguments: str) -> None:
    piece = call(0, id="a", name="find", arguments=arguments)
    reader, _ = read(chunk({"tool_calls": [piece]}), chunk({}, "length"))
    with pytest.raises(APIError):
        reader.finish()


def test_what_a_vendor_adds_to_a_call_is_kept() -> None:
    extra = {"google": {"thought_signature": "x"}}
    piece = {**call(0, id="a", name="find", arguments="{}"), "extra_content": extra}
    reader, _ = read(chunk({"tool_calls": [piece]}), chunk({}, "stop"))
    assert reader.finish()[0].extra == extra


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 4}, TokenCount(9, 4)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "prompt_tokens_details": {"cached_tokens": 8},
            },
            TokenCount(9, 4, 8),
        ),
        ({"prompt_tokens": 9, "completion_tokens": 4, "cached_tokens": 3}, TokenCount(9, 4, 3)),
        ({"prompt_tokens": 9, "completion_tokens": 4, "cached_tokens": 30}, TokenCount(9, 4, 9)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, TokenCount(7, 2, 0, True)),
        ({"prompt_tokens": "9", "completion_tokens": 4}, TokenCount(7, 2, 0, True)),
        ({"prompt_tokens": -9, "completion_tokens": 4}, TokenCount(7, 2, 0, True)),
        ("nine", TokenCount(7, 2, 0, True)),
        (None, TokenCount(7, 2, 0, True)),
    ],
)
def test_usage_is_what_the_provider_tells_else_an_estimate(
    usage: Any, expected: TokenCount
) -> None:
    reader, _ = read(*say("At nine"), chunk(None, usage=usage), DONE)
    assert reader.count(lambda: 7) == expected


def test_usage_in_the_choice_counts() -> None:
    last = chunk({}, "stop")
    last["choices"][0]["usage"] = {"prompt_tokens": 9, "completion_tokens": 4}
    reader, _ = read(chunk({"content": "At nine"}), last)
    assert reader.count(lambda: 7) == TokenCount(9, 4)


@pytest.mark.parametrize(
    ("error", "status", "retryable"),
    [
        ({"code": 502, "message": "x"}, 502, True),
        ({"code": 400, "message": "x"}, 400, False),
        ({"code": 499, "message": "x"}, 502, True),
        ({"code": 429, "message": "x"}, 429, True),
        ({"code": "rate_limit_exceeded_error"}, 429, True),
        ({"code": "insufficient_quota_error"}, 402, False),
        ({"type": "invalid_request_error"}, 400, False),
        ({"code": "invalid_api_key_error"}, 401, False),
        ({"code": {"odd": 1}, "type": ["odd"]}, 500, True),
        ({"message": "no code"}, 500, True),
        ("overloaded", 500, True),
    ],
)
def test_an_error_inside_the_stream_is_one(error: Any, status: int, retryable: bool) -> None:
    with pytest.raises(APIStatusError) as caught:
        read(chunk({"content": "We "}), {"error": error})
    assert (caught.value.status_code, caught.value.retryable) == (status, retryable)


def test_a_choice_may_end_with_an_error() -> None:
    with pytest.raises(APIStatusError):
        read(chunk({"content": ""}, "error"))
    failed = chunk({"content": ""})
    failed["choices"][0]["error"] = {"code": 502}
    with pytest.raises(APIStatusError):
        read(failed)


@pytest.mark.parametrize(
    "event", [b"{", b"[]", b"7", b"\xff\xfe", b"[" * 1000, b'{"id": NaN}', b'{"id": "\\ud83d"}']
)
def test_an_event_that_is_no_chunk_is_an_error(event: bytes) -> None:
    with pytest.raises(APIConnectionError):
        read(event)


@pytest.mark.parametrize(
    "odd",
    [
        {"choices": None},
        {"choices": [None]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": {"content": 7, "tool_calls": {"a": 1}}}]},
        {"choices": [{"delta": {"tool_calls": [None, {"function": None}, 3]}}]},
        {"id": 7, "model": {}, "choices": {}, "usage": []},
    ],
)
def test_odd_fields_say_nothing(odd: dict[str, Any]) -> None:
    reader, words = read(odd, chunk({"content": [{"type": "text", "text": "Hi"}, "x", {}]}))
    assert words == "Hi"
    assert not reader.is_finished
