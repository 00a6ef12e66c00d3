"""A vendor's sound reaches the room as it was made: to the sample, up to where WebRTC encodes it."""

import asyncio
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from livekit import rtc

from callmissed.dev.providers import running_providers
from callmissed.dev.scenario import Mind, Scenario
from callmissed.dev.speaking import rendered
from callmissed.dev.tones import encode
from callmissed.domain.calls import CallTerms
from callmissed.providers import Warm
from callmissed.runtime.call import run_call
from callmissed.runtime.desk import PassageDesk
from callmissed.runtime.joining import open_room_line
from callmissed.transports.line import Line
from callmissed.transports.paced_output import PacedOutput, SoundSink
from callmissed.voice.sentence_cache import SentenceCache
from tests.conftest import LiveKit
from tests.transports.room_callers import RATE_HZ, RoomCaller, fresh_room
from tests.voice.running import Notes, Orders, Plan, terms
from tests.voice.simulated_models import build_on, route

GREETING = "Hello, good morning!"
QUESTION = "when is the doctor open"
ANSWER = "The doctor is open today. Please book the time, my name is hours. What is your number?"


@dataclass
class Recorder:
    """Stands before the room's own source and keeps all that is handed to it."""

    sink: SoundSink
    handed: list[bytes] = field(default_factory=list)

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        self.handed.append(bytes(frame.data))
        await self.sink.capture_frame(frame)

    def clear_queue(self) -> None:
        self.sink.clear_queue()

    async def aclose(self) -> None:
        await self.sink.aclose()


async def test_what_the_vendor_made_is_what_webrtc_is_given(livekit: LiveKit) -> None:
    recorders: list[Recorder] = []

    async def open_line(call: CallTerms, rate_hz: int) -> Line:
        line = await open_room_line(call, rate_hz)
        output = line.sound_out
        assert isinstance(output, PacedOutput)
        output._sink = recorder = Recorder(output._sink)
        recorders.append(recorder)
        return line

    scenario = Scenario(mind=Mind(answers=((QUESTION, ANSWER),)))
    notes, caller, warm = Notes(), RoomCaller(), Warm()
    async with (
        running_providers(scenario) as sims,
        fresh_room(livekit.url, livekit.key, livekit.secret) as tokens,
    ):
        plan = Plan(
            terms(
                room_url=livekit.url,
                room_token=tokens.agent,
                greeting=GREETING,
                route=route(),
            )
        )
        call = run_call(
            plan,
            PassageDesk(()),
            notes,
            Orders(),
            warm,
            open_line=open_line,
            build=partial(build_on, sims),
            sentences=SentenceCache(),
        )
        task = asyncio.create_task(call)
        await caller.join(livekit.url, tokens.caller)
        await notes.until(lambda notes: len(notes.turns) == 1)
        await caller.say(encode(QUESTION, RATE_HZ))
        await notes.until(lambda notes: len(notes.turns) == 2)
        await caller.leave()
        await task
        await warm.aclose()
    assert [turn.agent_response for turn in notes.turns] == [GREETING, ANSWER]
    (recorder,) = recorders
    given = np.frombuffer(b"".join(recorder.handed), np.int16)
    assert np.array_equal(given, rendered(f"{GREETING} {ANSWER}", 24_000))
