"""Language models over `POST /chat/completions` with a stream of server-sent events.

Why not the `openai` library: docs/decisions/0015-chat-completions-by-our-own-client.md.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Never

import aiohttp
from livekit.agents import APIError, llm
from livekit.agents.types import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    NotGivenOr,
)
from opentelemetry import trace

from callmissed.domain.models import Access, Model
from callmissed.domain.usage import Meter
from callmissed.providers.openai.chat_chunks import AnswerReader
from callmissed.providers.openai.chat_errors import RateLimitedError
from callmissed.providers.openai.chat_http import ChatRequest, open_connection, read_answer
from callmissed.providers.openai.chat_options import (
    chat_url,
    compose_body,
    key_headers,
    read_chat_options,
)
from callmissed.providers.openai.usage import TokenCount, estimate_input, report_tokens

# A longer wait than this is the caller's silence: whoever asked goes elsewhere.
MAX_RETRY_AFTER_S = 0.3
# Says that a tool call is being written, which is given out when it is whole.
CALLING: dict[str, Any] = {"calling": True}
SERVED_BY = "gen_ai.response.model"


class ChatLLM(llm.LLM[Never]):
    """One model of the catalogue for one call, over the connections of the process.

    It asks once, and a second time only where a 429 says to wait at most MAX_RETRY_AFTER_S; other
    retries are the asker's. `conn_options.timeout` bounds the wait for the headers and for each
    event of the stream, `chat_http.ANSWER_TIMEOUT_S` all of it. Raises ValueError for options of the model that do not
    exist.
    """

    def __init__(
        self, model: Model, access: Access, *, session: aiohttp.ClientSession, meter: Meter
    ) -> None:
        super().__init__()
        self._model = model
        self._access = access
        self._session = session
        self._meter = meter
        self._options = read_chat_options(model.options)

    @property
    def model(self) -> str:
        return self._model.id

    @property
    def provider(self) -> str:
        return self._model.provider

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> "ChatStream":
        """The answer as it comes: words at once, tool calls when all of it is there (until then,
        chunks whose `delta.extra` is CALLING), usage last.

        The stream raises APIConnectionError, APITimeoutError, APIStatusError (RateLimitedError
        among them), NoAnswerError; retryable only where no word was given out. Closing it closes
        the connection. `extra_kwargs` are fields of the request's JSON.
        """
        extra = dict(extra_kwargs) if isinstance(extra_kwargs, dict) else {}
        if tools and isinstance(parallel_tool_calls, bool):
            extra["parallel_tool_calls"] = parallel_tool_calls
        if tools and isinstance(tool_choice, str | dict):
            extra["tool_choice"] = tool_choice
        request = self._compose(chat_ctx, tools or [], extra, conn_options.timeout)
        return ChatStream(
            self,
            chat_ctx=chat_ctx,
            tools=tools or [],
            conn_options=replace(conn_options, max_retry=0),
            session=self._session,
            request=request,
            reader=partial(AnswerReader, self._options.think_tags),
            count=partial(self._count, request),
        )

    def prewarm(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Afterwards a connection is being opened where none stands ready. May be asked again, since
        one that nobody uses is closed after a minute.
        """
        if self._prewarm_task is not None and self._prewarm_task.done():
            self._prewarm_task = None
        super().prewarm(loop=loop)

    async def _prewarm_impl(self) -> None:
        await open_connection(self._session, self._access.provider.base_url)

    def _compose(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        extra: dict[str, Any],
        silence_s: float,
    ) -> ChatRequest:
        options = self._options
        messages, _ = chat_ctx.to_provider_format("openai")
        schemas = llm.ToolContext(tools).parse_function_tools("openai", strict=options.strict_tools)
        return ChatRequest(
            url=chat_url(self._access, options),
            headers={**options.headers, **key_headers(self._access)},
            body=compose_body(self._model, options, messages, schemas, extra),
            silence_s=silence_s,
        )

    def _count(self, request: ChatRequest, reader: AnswerReader) -> TokenCount:
        messages, tools = request.body["messages"], request.body.get("tools", ())
        count = reader.count(partial(estimate_input, messages, tools))
        report_tokens(count, self._model, reader.served_by, self._meter)
        return count


class ChatStream(llm.LLMStream):
    """One answer."""

    def __init__(
        self,
        asked: ChatLLM,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        conn_options: APIConnectOptions,
        session: aiohttp.ClientSession,
        request: ChatRequest,
        reader: Callable[[], AnswerReader],
        count: Callable[[AnswerReader], TokenCount],
    ) -> None:
        super().__init__(asked, chat_ctx=chat_ctx, tools=tools, conn_options=conn_options)
        self._session = session
        self._request = request
        self._new_reader = reader
        self._count = count
        self._said_something = False

    async def _run(self) -> None:
        try:
            await self._ask()
        except RateLimitedError as error:
            if error.retry_after_s is None or error.retry_after_s > MAX_RETRY_AFTER_S:
                raise
            await asyncio.sleep(error.retry_after_s)
            await self._ask()

    async def _ask(self) -> None:
        reader = self._new_reader()
        try:
            await read_answer(self._session, self._request, reader, partial(self._tell, reader))
            calls = reader.finish()
        except APIError as error:
            error.retryable = error.retryable and not self._said_something
            raise
        finally:
            count = self._count(reader) if reader.has_begun else None
            trace.get_current_span().set_attribute(SERVED_BY, reader.served_by)
        if calls:
            delta = llm.ChoiceDelta(role="assistant", tool_calls=calls)
            self._event_ch.send_nowait(llm.ChatChunk(id=reader.request_id, delta=delta))
        if count is not None:
            self._event_ch.send_nowait(_usage_chunk(reader.request_id, count))

    def _tell(self, reader: AnswerReader, words: str) -> None:
        if words:
            self._said_something = True
            delta = llm.ChoiceDelta(role="assistant", content=words)
        elif reader.is_calling:
            delta = llm.ChoiceDelta(extra=CALLING)
        else:
            return
        self._event_ch.send_nowait(llm.ChatChunk(id=reader.request_id, delta=delta))


def _usage_chunk(request_id: str, count: TokenCount) -> llm.ChatChunk:
    usage = llm.CompletionUsage(
        prompt_tokens=count.input,
        prompt_cached_tokens=count.cached_input,
        completion_tokens=count.output,
        total_tokens=count.input + count.output,
    )
    return llm.ChatChunk(id=request_id, usage=usage)
