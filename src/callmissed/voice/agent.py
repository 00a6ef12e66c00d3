"""Our agent on LiveKit's engine: answers from documents, speaks clause by clause, and never stays
silent."""

import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from typing import Any

from livekit import rtc
from livekit.agents import Agent, ModelSettings, llm

from callmissed.domain.calls import CallDesk
from callmissed.voice.answers import Answer, AnswerBook
from callmissed.voice.speaking import Voice
from callmissed.voice.thinking import (
    NothingSaidError,
    insert_passages,
    last_words_of_caller,
    spoken_text,
    within_deadlines,
)

logger = logging.getLogger(__name__)


class CallAgent(Agent):
    """One call's agent. `desk` is None for a call without documents."""

    def __init__(
        self,
        *,
        instructions: str,
        apology: str,
        desk: CallDesk | None,
        voice: Voice,
        memory: llm.ChatContext,
        book: AnswerBook,
        monotonic_s: Callable[[], float],
        on_guess: Callable[[], None],
        on_turn_over: Callable[[str], None],
    ) -> None:
        super().__init__(instructions=instructions, chat_ctx=memory)
        self._apology = apology
        self._desk = desk
        self._voice = voice
        self._book = book
        self._monotonic_s = monotonic_s
        self._on_guess = on_guess
        self._on_turn_over = on_turn_over

    async def on_user_turn_completed(
        self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
    ) -> None:
        """The engine has decided that the caller's turn is over."""
        self._on_turn_over(new_message.text_content or "")

    async def llm_node(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        model_settings: ModelSettings,
    ) -> AsyncGenerator[Any, None]:
        """The model's answer; an apology in its place where it fails or says nothing."""
        answer = self._book.current()
        self._on_guess()
        said_something = False
        try:
            await self._retrieve(chat_ctx, answer)
            chunks = within_deadlines(Agent.default.llm_node(self, chat_ctx, tools, model_settings))
            async with aclosing(chunks):
                async for chunk in chunks:
                    said_something |= self._note_words(spoken_text(chunk), answer)
                    said_something |= isinstance(chunk, llm.ChatChunk) and bool(
                        chunk.delta and chunk.delta.tool_calls
                    )
                    yield chunk
            if not said_something:
                raise NothingSaidError
        except Exception as error:
            logger.warning("the language model failed: %s", type(error).__name__)
            answer.failure = f"llm: {type(error).__name__}"
        if not said_something:
            self._note_words(self._apology, answer)
            yield self._apology

    def tts_node(
        self, text: AsyncIterable[str], model_settings: ModelSettings
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """The answer's sound, first clause first."""
        return self._voice.speak(text, self._book.current())

    async def _retrieve(self, context: llm.ChatContext, answer: Answer) -> None:
        words = last_words_of_caller(context)
        if self._desk is not None and words:
            answer.retrieval = await self._desk.retrieve(words)
            insert_passages(context, answer.retrieval)
        answer.instants.retrieved_s = self._monotonic_s()

    def _note_words(self, text: str, answer: Answer) -> bool:
        if not text:
            return False
        if answer.instants.first_token_s is None:
            answer.instants.first_token_s = self._monotonic_s()
        answer.generated += text
        return bool(text.strip())
