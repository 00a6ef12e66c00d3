"""Asks a chat server as a call does, and collects what comes."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import aiohttp
from livekit.agents import APIConnectOptions, llm

from callmissed.domain.models import Access, Model, ModelStatus, Provider, Service
from callmissed.domain.usage import Measure, Usage
from callmissed.providers.openai.chat import ChatLLM

KEY = "key-1"
TIMEOUT_S = 20.0


class Meter:
    """Keeps everything."""

    def __init__(self) -> None:
        self.usages: list[Usage] = []

    def add(self, usage: Usage) -> None:
        self.usages.append(usage)

    def amount(self, measure: Measure) -> int:
        return sum(usage.amount for usage in self.usages if usage.measure is measure)


@dataclass(slots=True)
class Heard:
    """An answer, as far as it came."""

    words: str = ""
    calls: list[llm.FunctionToolCall] = field(default_factory=list)
    chunks: list[llm.ChatChunk] = field(default_factory=list)
    error: Exception | None = None


def model_with(**options: Any) -> Model:
    return Model(
        id="test/model",
        service=Service.LLM,
        provider="test",
        upstream="vendor/model",
        status=ModelStatus.AVAILABLE,
        languages=(),
        created=date(2026, 1, 1),
        options=options,
    )


def access_to(url: str, key: str = KEY, **fields: Any) -> Access:
    return Access(Provider("test", wire="openai", base_url=url, **fields), key)


def chat_model(
    session: aiohttp.ClientSession, access: Access, meter: Meter | None = None, **options: Any
) -> ChatLLM:
    return ChatLLM(model_with(**options), access, session=session, meter=meter or Meter())


def context_of(*words: str) -> llm.ChatContext:
    """A system prompt, then the caller's words."""
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="You are kind.")
    for text in words or ("When do you open?",):
        context.add_message(role="user", content=text)
    return context


async def hear(
    model: ChatLLM,
    context: llm.ChatContext | None = None,
    tools: list[llm.Tool] | None = None,
    timeout_s: float = TIMEOUT_S,
    **more: Any,
) -> Heard:
    heard = Heard()
    options = APIConnectOptions(max_retry=3, retry_interval=0, timeout=timeout_s)
    stream = model.chat(chat_ctx=context or context_of(), tools=tools, conn_options=options, **more)
    try:
        async with stream:
            async for chunk in stream:
                heard.chunks.append(chunk)
                if chunk.delta:
                    heard.words += chunk.delta.content or ""
                    heard.calls += chunk.delta.tool_calls
    except Exception as error:
        heard.error = error
    return heard
