"""Our agent on LiveKit's engine: answers from documents, speaks clause by clause, and never stays
silent."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from typing import Any

from livekit import rtc
from livekit.agents import Agent, ModelSettings, llm, stt

from callmissed.voice.answers import AnswerBook
from callmissed.voice.brain import Brain
from callmissed.voice.floor import Floor
from callmissed.voice.speaking import Voice

WAKE = " "
"""Goes before every answer: so the voice is at work, and watches the time, before the first word."""


class CallAgent(Agent):
    """One call's agent."""

    def __init__(
        self,
        *,
        instructions: str,
        brain: Brain,
        voice: Voice,
        floor: Floor,
        memory: llm.ChatContext,
        book: AnswerBook,
        on_guess: Callable[[], None],
        on_turn_over: Callable[[str], None],
    ) -> None:
        super().__init__(instructions=instructions, chat_ctx=memory)
        self._brain = brain
        self._voice = voice
        self._floor = floor
        self._book = book
        self._on_guess = on_guess
        self._on_turn_over = on_turn_over

    async def on_user_turn_completed(
        self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
    ) -> None:
        """The engine has decided that the caller's turn is over."""
        self._on_turn_over(new_message.text_content or "")

    def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncGenerator[stt.SpeechEvent | str, None]:
        """The caller's words as the engine is to know them."""
        return self._floor.pass_on(Agent.default.stt_node(self, audio, model_settings))

    async def llm_node(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        model_settings: ModelSettings,
    ) -> AsyncGenerator[Any, None]:
        """The answer's words; an apology that it owes is said by the voice. The engine has no tools
        of its own: the brain runs them between its words.
        """
        answer = self._book.current()
        self._on_guess()
        yield WAKE
        async with aclosing(self._brain.answer(chat_ctx, answer)) as words:
            async for some in words:
                yield some

    def tts_node(
        self, text: AsyncIterable[str], model_settings: ModelSettings
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """The answer's sound, first clause first."""
        return self._voice.speak(text, self._book.current())

    async def transcription_node(
        self, text: AsyncIterable[Any], model_settings: ModelSettings
    ) -> AsyncGenerator[Any, None]:
        """What the engine keeps as the agent's words where all of them were heard."""
        answer = self._book.current()
        has_begun = False
        async for delta in text:
            words = delta if has_begun else delta.lstrip()
            has_begun = has_begun or bool(words)
            if words:
                yield words
        if answer.owes_apology:
            yield f" {self._voice.clips.apology}" if has_begun else self._voice.clips.apology
