"""Our agent on LiveKit's engine: answers from documents, speaks clause by clause, and never stays
silent."""

import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from typing import Any

from livekit import rtc
from livekit.agents import Agent, ModelSettings, llm

from callmissed.domain.calls import CallDesk
from callmissed.domain.prompts import answer_in
from callmissed.voice.answers import Answer, AnswerBook
from callmissed.voice.candidates import describe
from callmissed.voice.speaking import Voice
from callmissed.voice.thinking import (
    Mind,
    insert_note,
    insert_passages,
    spoken_text,
    words_of_caller,
)

logger = logging.getLogger(__name__)

WAKE = " "
"""Goes before every answer: so the voice is at work, and watches the time, before the first word."""


class CallAgent(Agent):
    """One call's agent. `desk` is None for a call without documents."""

    def __init__(
        self,
        *,
        instructions: str,
        desk: CallDesk | None,
        mind: Mind,
        voice: Voice,
        memory: llm.ChatContext,
        book: AnswerBook,
        monotonic_s: Callable[[], float],
        on_guess: Callable[[], None],
        on_turn_over: Callable[[str], None],
    ) -> None:
        super().__init__(instructions=instructions, chat_ctx=memory)
        self._desk = desk
        self._mind = mind
        self._voice = voice
        self._book = book
        self._monotonic_s = monotonic_s
        self._on_guess = on_guess
        self._on_turn_over = on_turn_over
        self._language_note = ""

    def answer_in(self, language: str) -> None:
        """From the next answer on, the model is told to speak this language (BCP-47)."""
        self._language_note = answer_in(language)

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
        """The answer of the first model that brings one to its end.

        Where none does, the words end early and the answer owes an apology, which the voice says.
        """
        answer = self._book.current()
        self._on_guess()
        yield WAKE
        try:
            await self._retrieve(chat_ctx, answer)
            parts = self._mind.answer(
                chat_ctx,
                tools,
                model_settings.tool_choice,
                answer.choices,
                lambda model_id: self._note_model(model_id, answer),
            )
            async with aclosing(parts):
                async for part in parts:
                    answer.generated += spoken_text(part)
                    yield part
        except Exception as error:
            logger.warning("the language model failed: %s", describe(error))
            answer.failure = f"llm: {describe(error)}"
            answer.owes_apology = True

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

    async def _retrieve(self, context: llm.ChatContext, answer: Answer) -> None:
        *earlier, words = words_of_caller(context) or [""]
        if self._language_note:
            insert_note(context, self._language_note)
        if self._desk is not None and words:
            answer.retrieval = await self._desk.retrieve(words, earlier)
            insert_passages(context, answer.retrieval)
        answer.instants.retrieved_s = self._monotonic_s()

    def _note_model(self, model_id: str, answer: Answer) -> None:
        answer.llm_model = model_id
        if answer.instants.first_token_s is None:
            answer.instants.first_token_s = self._monotonic_s()
