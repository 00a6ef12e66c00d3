"""What an answer comes from: documents, language models, and the tools that these ask for.

The same for a call and for a chat in text; nothing here knows sound.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

import structlog
from livekit.agents import NOT_GIVEN, llm

from callmissed.domain.calls import CallDesk
from callmissed.domain.prompts import answer_in, render_tool_results
from callmissed.domain.tools import (
    MAX_ANSWER_CHARS,
    MAX_ARGUMENTS_BYTES,
    MAX_CALLS_OF_TURN,
    MAX_ROUNDS,
    ToolCall,
    ToolOutcome,
    ToolResult,
    ToolTerms,
)
from callmissed.domain.usage import NO_METER, Meter
from callmissed.voice.answers import Answer, ToolUsed
from callmissed.voice.candidates import describe
from callmissed.voice.thinking import (
    Mind,
    NothingSaidError,
    insert_note,
    insert_passages,
    spoken_text,
    words_of_caller,
)

log = structlog.get_logger("callmissed.voice.brain")

RESULTS_REMEMBERED = 6
MAX_NAME_CHARS = 64


class Brain:
    """One conversation's. `retrieves` is False where the bot knows no documents; `tools` are all
    that a model is told of, and `desk` runs no others.
    """

    def __init__(
        self,
        mind: Mind,
        desk: CallDesk,
        *,
        retrieves: bool,
        tools: Sequence[ToolTerms],
        monotonic_s: Callable[[], float],
        meter: Meter = NO_METER,
    ) -> None:
        self._mind = mind
        self._desk = desk
        self._retrieves = retrieves
        self._tools = [_as_function(tool) for tool in tools]
        self._monotonic_s = monotonic_s
        self._meter = meter
        self._language_note = ""
        self._results: list[tuple[str, str]] = []

    def answer_in(self, language: str) -> None:
        """From the next answer on, the model is told to speak this language (BCP-47)."""
        self._language_note = answer_in(language)

    async def answer(self, context: llm.ChatContext, answer: Answer) -> AsyncGenerator[str, None]:
        """The words of the first model that brings them to their end, those behind its tools among
        them. `context` is changed.

        Where no model does, the words end early and the answer owes an apology. A tool runs only
        when the caller's turn is confirmed (`answer.asked`).
        """
        if answer.instants.begun_s is None:
            answer.instants.begun_s = self._monotonic_s()
        try:
            await self._look_up(context, answer)
            rounds = self._answer_in_rounds(context, answer)
            async with aclosing(rounds):
                async for words in rounds:
                    answer.generated += words
                    yield words
        except Exception as error:
            if answer.ends_call and isinstance(error, NothingSaidError):
                return
            log.warning("the language model failed", kind=describe(error))
            answer.failure = f"llm: {describe(error)}"
            answer.owes_apology = True

    async def _answer_in_rounds(
        self, context: llm.ChatContext, answer: Answer
    ) -> AsyncGenerator[str, None]:
        for number in range(MAX_ROUNDS + 1):
            calls: list[llm.FunctionToolCall] = []
            tools = self._tools if number < MAX_ROUNDS else []
            before = len(answer.generated)
            said = self._ask(context, tools, answer, calls)
            async with aclosing(said):
                async for words in said:
                    room = MAX_ANSWER_CHARS - len(answer.generated)
                    if room <= 0:
                        return
                    yield words[:room]
            if not calls or not tools:
                break
            await answer.asked.wait()
            await self._use_tools(context, calls, answer.generated[before:], answer)
            if answer.ends_call and answer.generated.strip():
                break
        if not answer.generated.strip():
            raise NothingSaidError

    async def _ask(
        self,
        context: llm.ChatContext,
        tools: list[llm.Tool],
        answer: Answer,
        calls: list[llm.FunctionToolCall],
    ) -> AsyncGenerator[str, None]:
        """One model's words; what it calls is put into `calls`."""
        needs_space = bool(answer.generated) and not answer.generated[-1].isspace()
        parts = self._mind.answer(
            context,
            tools,
            NOT_GIVEN,
            answer.choices,
            lambda model_id: self._note_model(model_id, answer),
        )
        async with aclosing(parts):
            async for part in parts:
                if isinstance(part, llm.ChatChunk) and part.delta is not None:
                    calls += part.delta.tool_calls
                    if len(calls) > MAX_CALLS_OF_TURN:
                        return
                if words := spoken_text(part):
                    yield f" {words}" if needs_space and not words[0].isspace() else words
                    needs_space = False

    async def _use_tools(
        self,
        context: llm.ChatContext,
        calls: Sequence[llm.FunctionToolCall],
        said: str,
        answer: Answer,
    ) -> None:
        if said.strip():
            context.items.append(llm.ChatMessage(role="assistant", content=[said.strip()]))
        answer.is_at_work = True
        try:
            for call in calls:
                result = await self._use_tool(ToolCall(call.name, call.arguments), answer)
                context.items += _as_items(call, result)
        finally:
            answer.is_at_work = False

    async def _use_tool(self, call: ToolCall, answer: Answer) -> ToolResult:
        if len(answer.tools) >= MAX_CALLS_OF_TURN:
            return ToolResult(ToolOutcome.TOO_MANY, "No more tools in this turn: answer now.")
        result = await self._desk.run_tool(call)
        answer.tools.append(ToolUsed(call, result))
        answer.ends_call |= result.ends_call
        told = (call.name[:MAX_NAME_CHARS], result.text)
        self._results = [*self._results, told][-RESULTS_REMEMBERED:]
        return result

    async def _look_up(self, context: llm.ChatContext, answer: Answer) -> None:
        *earlier, words = words_of_caller(context) or [""]
        if self._language_note:
            insert_note(context, self._language_note)
        if self._results:
            insert_note(context, render_tool_results(self._results))
        if self._retrieves and words:
            answer.retrieval = await self._desk.retrieve(words, earlier)
            for usage in answer.retrieval.usage:
                self._meter.add(usage)
            insert_passages(context, answer.retrieval)
        answer.instants.retrieved_s = self._monotonic_s()

    def _note_model(self, model_id: str, answer: Answer) -> None:
        answer.llm_model = model_id
        if answer.instants.first_token_s is None:
            answer.instants.first_token_s = self._monotonic_s()


def _as_function(tool: ToolTerms) -> llm.Tool:
    """What a model is told of a tool. Nobody runs it but `Brain`."""

    async def run(raw_arguments: dict[str, object]) -> None:
        raise LookupError(f"{tool.name} is run by the desk only")

    schema = {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }
    return llm.function_tool(run, raw_schema=schema)


def _as_items(call: llm.FunctionToolCall, result: ToolResult) -> list[llm.ChatItem]:
    """As the model is told what it did; of what was too long, nothing is sent back to it."""
    name = call.name[:MAX_NAME_CHARS]
    arguments = call.arguments if len(call.arguments) <= MAX_ARGUMENTS_BYTES else "{}"
    asked = llm.FunctionCall(call_id=call.call_id, name=name, arguments=arguments)
    answered = llm.FunctionCallOutput(
        call_id=call.call_id,
        name=name,
        output=result.text,
        is_error=result.outcome is not ToolOutcome.DONE,
    )
    return [asked, answered]
