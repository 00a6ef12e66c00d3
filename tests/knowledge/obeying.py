"""A language model that obeys every order that it reads, wherever it stands."""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, llm

BOOK_FIRST = ("book", '{"day": "1"}')
HUGE = 10_000_000

Part = str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """An order, where it stands (`way`), and what whoever obeys it does (`demand`)."""

    way: str
    demand: str
    text: str

    @property
    def stands_in_an_answer(self) -> bool:
        """It is only read when a tool has been asked."""
        return self.way.startswith("tool_")


class ObeyingLLM(llm.LLM):
    """Answers as the attempt demands; what it was asked with is kept."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__()
        self._attempt = attempt
        self.asked: list[llm.ChatContext] = []

    def chat(self, *, chat_ctx, tools=None, conn_options=DEFAULT_API_CONNECT_OPTIONS, **_more):
        number = len(self.asked)
        self.asked.append(chat_ctx.copy())
        parts = self._parts(number, chat_ctx)
        return _Stream(self, parts, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)

    def _parts(self, number: int, context: llm.ChatContext) -> Iterator[Part]:
        if self._attempt.stands_in_an_answer:
            if number == 0:
                return iter([BOOK_FIRST])
            number -= 1
        return _obey(self._attempt.demand, number, context)


def _obey(demand: str, number: int, context: llm.ChatContext) -> Iterator[Part]:
    kind, _, rest = demand.partition(":")
    match kind, rest:
        case "call", _:
            name, _, arguments = rest.partition(":")
            return iter([(name, arguments)] if number == 0 else ["Done."])
        case "long", "book":
            return iter([("book", f'{{"day": "{"x" * HUGE}"}}')])
        case "long", "name":
            return iter([("x" * HUGE, "{}")])
        case "many", _:
            return (_booking(day) for day in range(40_000))
        case "loop", _:
            return iter([_booking(number)])
        case "endless", "calls":
            return (_booking(day) for day in itertools.count())
        case "endless", "words":
            return itertools.repeat("poem ")
        case "words", "10mb":
            return iter(["words " * (HUGE // 6)])
        case "reveal", _:
            return iter([text_of(context)])
    return iter([rest])


def text_of(context: llm.ChatContext) -> str:
    """All that stands in it, as the model reads it."""
    parts: list[str] = []
    for item in context.items:
        if isinstance(item, llm.ChatMessage):
            parts.append(item.text_content or "")
        elif isinstance(item, llm.FunctionCall):
            parts += [item.name, item.arguments]
        elif isinstance(item, llm.FunctionCallOutput):
            parts += [item.name, item.output]
    return "\n".join(parts)


def _booking(day: int) -> tuple[str, str]:
    return "book", f'{{"day": "{day}"}}'


class _Stream(llm.LLMStream):
    def __init__(self, owner: ObeyingLLM, parts: Iterator[Part], **more: Any) -> None:
        super().__init__(owner, **more)
        self._parts = parts

    async def _run(self) -> None:
        for number, part in enumerate(self._parts):
            delta = llm.ChoiceDelta(role="assistant")
            if isinstance(part, str):
                delta.content = part
            else:
                name, arguments = part
                call = llm.FunctionToolCall(name=name, arguments=arguments, call_id=f"c{number}")
                delta.tool_calls = [call]
            self._event_ch.send_nowait(llm.ChatChunk(id="a", delta=delta))
            # Whoever reads has their turn behind each part.
            await asyncio.sleep(0)
