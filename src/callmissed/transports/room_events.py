"""Which events of the LiveKit SDK reach whom.

The SDK (livekit 1.1) gives each frame of each caller to every sound stream of the process, and each
acknowledgement to every room, who then throw it away: with twenty calls that wakes four hundred
tasks for what one of them wants. A frame that is wanted wakes two tasks more before it can be read.
Here everybody is given their own, and frames at once.
"""

from collections.abc import Callable
from typing import Any

from livekit import rtc
from livekit.rtc._ffi_client import FfiClient
from livekit.rtc._proto.ffi_pb2 import FfiEvent

OF_A_ROOM = frozenset({"publish_track", "unpublish_track", "rpc_method_invocation"})
"""What a room waits for besides its own events; whoever asks for anything else listens for the
answer themselves."""


def take_frames(stream: rtc.AudioStream, take: Callable[[rtc.AudioFrame], None]) -> None:
    """From now on the stream's frames, and no others, go to `take`, in the loop's thread; reading
    the stream gives none and ends where they do.
    """
    handle = stream._ffi_handle.handle

    def is_own(event: FfiEvent) -> bool:
        return (
            event.WhichOneof("message") == "audio_stream_event"
            and event.audio_stream_event.stream_handle == handle
        )

    _subscribe_instead(stream._ffi_queue, _Frames(stream._ffi_queue, take), is_own)


def hear_own_events(room: rtc.Room) -> None:
    """From now on the room, which is connected, is not woken by what happens in others."""
    handle = room._ffi_handle.handle if room._ffi_handle is not None else None

    def is_own(event: FfiEvent) -> bool:
        kind = event.WhichOneof("message")
        if kind == "room_event":
            return event.room_event.room_handle == handle
        return kind in OF_A_ROOM

    _subscribe_instead(room._ffi_queue, room._ffi_queue, is_own)


class _Frames:
    """Stands for a stream's queue among those who are told of events."""

    def __init__(self, queue: Any, take: Callable[[rtc.AudioFrame], None]) -> None:
        self._queue = queue
        self._take = take

    def put_nowait(self, event: FfiEvent) -> None:
        told = event.audio_stream_event
        if told.HasField("frame_received"):
            self._take(rtc.AudioFrame._from_owned_info(told.frame_received.frame))
        else:
            self._queue.put_nowait(event)

    def __eq__(self, other: object) -> bool:
        """So the stream finds what it once subscribed, to end that."""
        return other is self or other is self._queue

    def __hash__(self) -> int:
        return hash(id(self._queue))


def _subscribe_instead(queue: Any, taker: Any, is_own: Callable[[FfiEvent], bool]) -> None:
    events = FfiClient.instance.queue
    with events._lock:
        for index, (subscriber, loop, _) in enumerate(events._subscribers):
            if subscriber is queue:
                events._subscribers[index] = (taker, loop, is_own)
