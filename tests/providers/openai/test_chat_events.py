"""Server-sent events are read whole, however their bytes are cut."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callmissed.providers.openai.sse import MAX_EVENT_BYTES, EventReader, EventTooLongError

STREAM = (
    ": a comment\r\n\r\n"
    'data: {"content": "नमस्ते, 😀"}\n\n'
    "event: message\nid: 7\ndata:first line\ndata: second line\r\r"
    "data\n\n"
    ": another\n"
    "data: [DONE]\r\n\r\n"
).encode()
EVENTS = ['{"content": "नमस्ते, 😀"}'.encode(), b"first line\nsecond line", b"[DONE]"]


def feed(reader: EventReader, piece: bytes, times: int) -> None:
    for _ in range(times):
        reader.feed(piece)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_the_events_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    reader = EventReader()
    found = [event for start, end in pairwise(places) for event in reader.feed(STREAM[start:end])]
    assert found == EVENTS


def test_every_single_byte_may_come_alone() -> None:
    reader = EventReader()
    assert [event for byte in STREAM for event in reader.feed(bytes([byte]))] == EVENTS


def test_an_event_without_its_blank_line_is_not_one() -> None:
    assert EventReader().feed(b"data: half\n") == []


def test_a_line_of_ten_megabytes_is_refused_and_not_kept() -> None:
    reader, piece = EventReader(), b"x" * 16_384
    tracemalloc.start()
    try:
        with pytest.raises(EventTooLongError):
            feed(reader, piece, times=640)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4 * MAX_EVENT_BYTES


def test_many_lines_without_an_end_are_refused() -> None:
    reader = EventReader(max_event_bytes=100)
    with pytest.raises(EventTooLongError):
        feed(reader, b"data: 0123456789\n", times=20)


def test_a_comment_without_an_end_is_refused() -> None:
    reader = EventReader(max_event_bytes=100)
    with pytest.raises(EventTooLongError):
        reader.feed(b": " + b"." * 100)
