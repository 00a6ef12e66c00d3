"""Language models that answer with words and tool calls as a test wrote them."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, llm

from callmissed.domain.models import Candidate
from callmissed.kit.breaker import Breaker
from callmissed.voice.answers import Answer
from callmissed.voice.brain import Brain
from callmissed.voice.thinking import Mind
from tests.voice.fakes import ROUTE
from tests.voice.running import FixedDesk

Step = Sequence[str | tuple[str, str]]
"""What one request is answered with: words, and calls as (tool, arguments)."""


class CallingLLM(llm.LLM):
    """Answers each request with the next step, the last one for ever after; `step` may be asked."""

    def __init__(self, *steps: Step, ask: Callable[[int], Step] | None = None) -> None:
        super().__init__()
        self._ask = ask or (lambda number: steps[min(number, len(steps) - 1)])
        self.asked: list[llm.ChatContext] = []
        self.offered: list[list[str]] = []

    def chat(self, *, chat_ctx, tools=None, conn_options=DEFAULT_API_CONNECT_OPTIONS, **_more):
        step = self._ask(len(self.asked))
        self.asked.append(chat_ctx.copy())
        self.offered.append([tool.info.name for tool in tools or []])
        return _Stream(self, step, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Stream(llm.LLMStream):
    def __init__(self, owner: CallingLLM, step: Step, **more: Any) -> None:
        super().__init__(owner, **more)
        self._step = step

    async def _run(self) -> None:
        for number, part in enumerate(self._step):
            delta = llm.ChoiceDelta(role="assistant")
            if isinstance(part, str):
                delta.content = part
            else:
                name, arguments = part
                call = llm.FunctionToolCall(name=name, arguments=arguments, call_id=f"c{number}")
                delta.tool_calls = [call]
            self._event_ch.send_nowait(llm.ChatChunk(id="a", delta=delta))


def a_brain(model: llm.LLM, desk: FixedDesk, tools: Sequence[Any] = ()) -> Brain:
    mind = Mind([Candidate(ROUTE.llm, model, Breaker(time.monotonic))])
    return Brain(mind, desk, retrieves=False, tools=tools, monotonic_s=time.monotonic)


async def ask(brain: Brain, words: str = "Hello") -> Answer:
    """One turn, confirmed at once."""
    context = llm.ChatContext.empty()
    context.add_message(role="user", content=words)
    answer = Answer()
    answer.ask(None)
    async for _ in brain.answer(context, answer):
        pass
    return answer
