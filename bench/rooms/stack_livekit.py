"""LiveKit Agents in rooms as it comes from PyPI: its own session on its own room input and output.

Without arguments with its defaults, all calls in one process (its worker would take a process a
call). `tuned`: what its interfaces offer to make a room cheaper, besides what `bench.loop` tunes.
"""

import logging
import sys
from urllib.parse import urlsplit

import uvloop
from livekit import rtc
from livekit.agents.voice import room_io

from bench.loop.stack_livekit import agent, freeze, open_session
from bench.rooms.seats import RoomSeat, run

CALLER = "caller"


class LiveKitRoomSeat(RoomSeat):
    def __init__(self, *, tuned: bool) -> None:
        super().__init__()
        self._tuned = tuned

    async def enter(self, url: str, token: str) -> None:
        self._room = rtc.Room()
        self._session = open_session(self, self.ears, tuned=self._tuned)
        if not self._tuned:
            await self._room.connect(url, token)
            options = room_io.RoomOptions(participant_identity=CALLER)
            await self._session.start(agent(), room=self._room, room_options=options)
            return
        await self._room.connect(url, token, _tuned_connection(url))
        await self._session.start(
            agent(),
            room=self._room,
            record=False,
            session_host=False,
            room_options=_tuned_room(),
        )

    async def aclose(self) -> None:
        await self._session.aclose()
        await self._room.disconnect()


def _tuned_connection(url: str) -> rtc.RoomOptions:
    address = f"stun:{urlsplit(url).hostname}:3478"
    return rtc.RoomOptions(
        single_peer_connection=True,
        rtc_config=rtc.RtcConfiguration(
            ice_servers=[rtc.IceServer(urls=[address])],
            continual_gathering_policy=rtc.ContinualGatheringPolicy.GATHER_ONCE,
        ),
    )


def _tuned_room() -> room_io.RoomOptions:
    return room_io.RoomOptions(
        participant_identity=CALLER,
        audio_input=room_io.AudioInputOptions(
            sample_rate=16_000, frame_size_ms=50, auto_gain_control=False, pre_connect_audio=False
        ),
        audio_output=room_io.AudioOutputOptions(sample_rate=24_000),
        text_output=room_io.TextOutputOptions(sync_transcription=False),
    )


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    tuned = "tuned" in sys.argv
    if tuned:
        uvloop.install()
        freeze()
    run(lambda: LiveKitRoomSeat(tuned=tuned))
