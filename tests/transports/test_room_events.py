"""Which events of the SDK reach whom. Streams of local tracks, so no room is needed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from livekit import rtc
from livekit.rtc._ffi_client import FfiClient
from livekit.rtc._proto.ffi_pb2 import FfiEvent

from callmissed.transports import room_events
from callmissed.transports.room_events import take_frames
from callmissed.transports.room_input import RoomInput

RATE_HZ = 16000
FRAME = RATE_HZ // 50
WITHIN_S = 10.0
UNKNOWN = 2**40


@contextmanager
def a_track() -> Iterator[rtc.LocalAudioTrack]:
    """It sends silence, as every source does that is given nothing."""
    source = rtc.AudioSource(RATE_HZ, 1)
    yield rtc.LocalAudioTrack.create_audio_track("track", source)


def subscribers() -> int:
    return len(FfiClient.instance.queue._subscribers)


async def test_a_stream_is_told_of_its_own_frames_only() -> None:
    with a_track() as track:
        stream = rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=20)
        taken: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()
        take_frames(stream, taken.put_nowait)
        frame = await asyncio.wait_for(taken.get(), WITHIN_S)
        assert (frame.sample_rate, frame.samples_per_channel) == (RATE_HZ, FRAME)
        [told] = [
            takes
            for _, _, takes in FfiClient.instance.queue._subscribers
            if takes is not None and takes.__module__ == room_events.__name__
        ]
        foreign, own = FfiEvent(), FfiEvent()
        foreign.audio_stream_event.stream_handle = UNKNOWN
        own.audio_stream_event.stream_handle = stream._ffi_handle.handle
        assert not told(foreign)
        assert told(own)
        await asyncio.wait_for(stream.aclose(), WITHIN_S)


async def test_a_stream_that_ends_leaves_nothing_behind() -> None:
    before = subscribers()
    with a_track() as track:
        stream = rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=20)
        take_frames(stream, lambda _frame: None)
        assert subscribers() == before + 1
        closing = asyncio.create_task(stream.aclose())
        assert [event async for event in stream] == []
        await asyncio.wait_for(closing, WITHIN_S)
        assert subscribers() == before


async def test_the_callers_sound_comes_frame_by_frame_and_stops_with_the_call() -> None:
    before = subscribers()
    with a_track() as track:
        sound = RoomInput()
        sound.listen_to(track)
        frames = [await asyncio.wait_for(anext(sound), WITHIN_S) for _ in range(5)]
        assert all(frame.samples_per_channel == FRAME for frame in frames)
        await asyncio.wait_for(sound.aclose(), WITHIN_S)
        assert subscribers() == before
