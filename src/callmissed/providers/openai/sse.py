"""Reads server-sent events from bytes as they come (WHATWG HTML, section 9.2; the field `data`)."""

import re

MAX_EVENT_BYTES = 256 * 1024

_LINE_END = re.compile(rb"\r\n|\r|\n")


class EventTooLongError(Exception):
    """The server sent more than MAX_EVENT_BYTES without an end of line or event."""


class EventReader:
    """Bytes in, the data of whole events out; holds at most two events' worth of bytes.

    Comments, which servers send to keep a stream alive, and other fields are skipped. A character
    or line end may be split anywhere between two chunks.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_event_bytes
        self._line = bytearray()
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._ended_in_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events that this chunk completes. Raises EventTooLongError."""
        if not chunk:
            return []
        if self._ended_in_cr:
            chunk = chunk.removeprefix(b"\n")
        self._ended_in_cr = chunk.endswith(b"\r")
        *ends, rest = _LINE_END.split(chunk)
        events = []
        for end in ends:
            self._extend_line(end)
            event = self._take_line()
            if event is not None:
                events.append(event)
        self._extend_line(rest)
        return events

    def _extend_line(self, piece: bytes) -> None:
        if len(self._line) + len(piece) > self._max_bytes:
            raise EventTooLongError
        self._line += piece

    def _take_line(self) -> bytes | None:
        line = bytes(self._line)
        self._line.clear()
        if not line:
            return self._take_event()
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data_bytes += len(value)
            if self._data_bytes > self._max_bytes:
                raise EventTooLongError
            self._data.append(value.removeprefix(b" "))
        return None

    def _take_event(self) -> bytes | None:
        event = b"\n".join(self._data)
        self._data.clear()
        self._data_bytes = 0
        return event or None
