"""Answers in text as a call would: the same brain, no sound."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import llm

from callmissed.domain.calls import CallTerms
from callmissed.domain.prompts import apology, compose_instructions
from callmissed.domain.tools import Action
from callmissed.domain.turns import Source
from callmissed.domain.usage import Usage
from callmissed.kit.clock import SYSTEM_CLOCK, Clock
from callmissed.providers import Warm, build_minds
from callmissed.runtime.desk import open_desk
from callmissed.runtime.library import Library
from callmissed.runtime.tools import ToolRunner
from callmissed.voice.answers import Answer
from callmissed.voice.assembly import open_brain
from callmissed.voice.memory import memory_of
from callmissed.voice.meters import CallMeter
from callmissed.voice.turns import show_tool, sources_of, trace_of


@dataclass(frozen=True, slots=True)
class ChatWords:
    """The answer goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class ChatTool:
    """A tool was run; as it stands in a turn's trace."""

    used: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatAnswered:
    """The answer is whole. `actions` are what a call would have asked of others; here nobody is."""

    text: str
    llm_model: str
    retrieval_ms: int | None
    ends_call: bool
    trace: dict[str, Any]
    sources: tuple[Source, ...] = ()
    actions: tuple[Action, ...] = ()
    usage: tuple[Usage, ...] = field(default=())


ChatPart = ChatWords | ChatTool | ChatAnswered


async def run_chat(
    terms: CallTerms, words: str, warm: Warm, library: Library, clock: Clock = SYSTEM_CLOCK
) -> AsyncGenerator[ChatPart, None]:
    """The answer to `words` behind the history in `terms`, part by part; `ChatAnswered` is last.

    Tools that are given really run; what they ask of others is only shown. Raises LookupError where
    no language model can be reached.
    """
    actions: list[Action] = []
    meter = CallMeter()
    minds = build_minds(terms.route, terms.access, warm, meter)
    guarded = warm.connections.guarded_session
    tools = ToolRunner(terms.session_id, terms.tools, lambda: guarded(), actions.append)
    brain = open_brain(terms, minds, open_desk(terms, library, None, tools), meter, clock)
    answer = Answer()
    answer.ask(None)
    told = 0
    try:
        async with aclosing(brain.answer(_context_of(terms, words), answer)) as parts:
            async for part in parts:
                for used in answer.tools[told:]:
                    yield ChatTool(show_tool(used))
                told = len(answer.tools)
                yield ChatWords(part)
        for used in answer.tools[told:]:
            yield ChatTool(show_tool(used))
        if answer.owes_apology:
            sorry = apology(terms.route.tts_language)
            answer.generated = f"{answer.generated} {sorry}".strip()
            yield ChatWords(f" {sorry}")
        yield _sum_up(answer, actions, meter)
    finally:
        await asyncio.gather(tools.aclose(), *(mind.engine.aclose() for mind in minds))


def _context_of(terms: CallTerms, words: str) -> llm.ChatContext:
    context = memory_of(terms.history)
    route = terms.route
    instructions = compose_instructions(terms.system_prompt, route.language, terms.passages)
    context.items.insert(0, llm.ChatMessage(role="system", content=[instructions]))
    context.add_message(role="user", content=words)
    return context


def _sum_up(answer: Answer, actions: list[Action], meter: CallMeter) -> ChatAnswered:
    retrieval = answer.retrieval
    return ChatAnswered(
        text=answer.generated.strip(),
        llm_model=answer.llm_model,
        retrieval_ms=round(retrieval.took_ms) if retrieval else None,
        ends_call=answer.ends_call,
        trace=trace_of(answer),
        sources=sources_of(answer),
        actions=tuple(actions),
        usage=meter.total(),
    )
