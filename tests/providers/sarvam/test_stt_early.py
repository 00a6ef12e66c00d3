"""Words that are good enough begin an answer before they are final."""

import asyncio
from typing import Any

from livekit.agents import Agent, AgentSession, llm

from callmissed.domain.calls import TURN_TAKING_PRESETS
from callmissed.voice.activity import VoiceActivity
from callmissed.voice.options import connect_options, turn_handling
from tests.providers.sarvam.loopback import HELLO, Line, listening_to, loopback
from tests.virtual_time import run_call_jumping
from tests.voice.callers import Microphone, load_words
from tests.voice.fakes import ScriptedLLM


class NotedLLM(ScriptedLLM):
    """Tells when it is asked, and what."""

    def __init__(self) -> None:
        super().__init__(["Fine."])
        self.is_asked = asyncio.Event()

    def chat(self, *, chat_ctx: llm.ChatContext, **more: Any) -> llm.LLMStream:
        self.is_asked.set()
        return super().chat(chat_ctx=chat_ctx, **more)

    @property
    def questions(self) -> list[str]:
        return [str(asked.items[-1].text_content) for asked in self.asked]


def test_stable_words_start_the_answer_before_they_are_final() -> None:
    assert run_call_jumping(_ask()) == ["when are you open"]


async def _ask() -> list[str]:
    """What the model was asked, when an answer was said."""
    mind = NotedLLM()
    told_final = asyncio.Event()

    async def hear(line: Line) -> None:
        """The final words come only when the answer to the partial ones has begun."""
        await line.tell(**HELLO)
        await line.until(lambda sound: isinstance(sound, bytes) and any(sound))
        await line.tell(event="vad.speech_start", utterance_idx=0)
        await line.until(lambda sound: isinstance(sound, bytes) and not any(sound))
        for text in ("when are you", "when are you open"):
            await line.tell(event="transcript.partial", text=text, language="en-IN")
        await line.until_event("flush")
        await mind.is_asked.wait()
        assert not told_final.is_set()
        told_final.set()
        await line.tell(event="transcript.final", text="When are you open?", language="en-IN")
        await line.until_closed()

    async with loopback(realtime=hear) as server, listening_to(server.url) as ears:
        session: AgentSession[None] = AgentSession(
            stt=ears.engine,
            llm=mind,
            vad=VoiceActivity(0.25),
            turn_handling=turn_handling(TURN_TAKING_PRESETS["balanced"]),
            conn_options=connect_options(),
            aec_warmup_duration=None,
            user_away_timeout=None,
            session_close_transcript_timeout=0.1,
        )
        microphone = Microphone()
        session.input.audio = microphone
        is_said = asyncio.Event()
        session.on("conversation_item_added", lambda event: _note(event, is_said))
        await session.start(Agent(instructions="Answer."), record=False)
        async with asyncio.timeout(20):
            await microphone.say(load_words())
            await told_final.wait()
            await is_said.wait()
        await session.aclose()
    return mind.questions


def _note(event: Any, is_said: asyncio.Event) -> None:
    if getattr(event.item, "role", "") == "assistant":
        is_said.set()
