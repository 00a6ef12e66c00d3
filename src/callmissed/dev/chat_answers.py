"""One answer of a simulated language model: token by token at its times, or whole."""

import asyncio
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from callmissed.dev.chat_vendors import Vendor
from callmissed.dev.errors import Refused
from callmissed.dev.minds import Answer, answer_of, count_input, tokens_of
from callmissed.dev.scenario import Call, Mind
from callmissed.dev.streams import Stream, answer_json
from callmissed.dev.uses import Closing, Failing, Use

Delta = dict[str, Any]
THINK_TAGS = ("<think>", "</think>")
COMMENT_EVERY_S = 0.1


async def stream_answer(use: Use, vendor: Vendor, body: Mapping[str, Any]) -> web.StreamResponse:
    """`text/event-stream`, from the first delta to `[DONE]`, or to where a fault ends it."""
    answer = _Answering(use, vendor, body)
    try:
        await answer.stream()
    except Closing:
        use.entry.outcome = "failed"
    except Failing as failing:
        await answer.tell_error(failing.refused)
    return await answer.out.close()


async def speak_whole(use: Use, vendor: Vendor, body: Mapping[str, Any]) -> web.StreamResponse:
    """The answer to a request that asked for no stream."""
    answering = _Answering(use, vendor, body)
    whole = answering.message()
    await asyncio.sleep(answering.wait_s())
    return await answer_json(use, whole, headers=answering.headers)


class _Answering:
    def __init__(self, use: Use, vendor: Vendor, body: Mapping[str, Any]) -> None:
        self._use = use
        self._vendor = vendor
        self._body = body
        self._mind: Mind = use.simulation.scenario.mind
        self._model = self._mind.served_by or str(body["model"])
        self._id = ("gen-" if vendor.id_header else "chatcmpl-") + uuid.uuid4().hex
        self._created = int(time.time())
        self._input_tokens = count_input(body)
        self._output_tokens = 0
        self._thought_tokens = 0
        self._is_cut = False
        self._thinks = vendor.thinks(body) or use.suffers("reasoning_only")
        self.headers = {vendor.id_header: self._id} if vendor.id_header else {}
        self.out = Stream(use, "text/event-stream", headers=self.headers, keep_alive=vendor.comment)
        use.entry.count("input_tokens", self._input_tokens)
        use.entry.count("cached_input_tokens", self._cached_tokens)

    async def stream(self) -> None:
        start_s = asyncio.get_running_loop().time()
        await self.out.open()
        await self._wait_aloud(start_s + self.wait_s())
        start_s += self.wait_s()
        await self._send({"role": "assistant", "content": ""})
        answer = self._answer()
        for index, delta in enumerate(self._deltas(answer)):
            await self._sleep_until(start_s + index * self._mind.token_ms / 1000)
            await self._send(delta, tokens=1)
        if self._use.suffers("never_final"):
            self._use.entry.outcome = "failed"
            await self.out.hold()
        await self._send({}, finish=self._finish_reason(answer))
        await self._tell_usage()
        self._use.finish()
        await self._event("[DONE]")

    def message(self) -> dict[str, Any]:
        """The whole answer, counted as delivered."""
        answer = self._answer()
        for _ in self._deltas(answer):
            self._use.entry.count("output_tokens", 1)
            self._output_tokens += 1
        message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
        if answer.calls:
            message["tool_calls"] = [
                _call(index, call, _arguments(call)) for index, call in enumerate(answer.calls)
            ]
        if self._thinks and self._vendor.thought_field:
            message[self._vendor.thought_field] = self._mind.reasoning
        choice = {"index": 0, "message": message, "finish_reason": self._finish_reason(answer)}
        return {
            **self._frame("chat.completion"),
            "choices": [choice | {"logprobs": None}],
            "usage": self._usage(),
        }

    def wait_s(self) -> float:
        """From the request to the first token."""
        long_ms = self._mind.reasoning_ms if self._thinks and self._vendor.thinks_long else 0
        return (self._mind.first_token_ms + long_ms) / 1000

    async def tell_error(self, refused: Refused) -> None:
        """The vendor's error as an event of a stream that began with 200."""
        _, body = self._vendor.word_error(refused)
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        await self._event({**self._frame(), **body, "choices": [choice]})

    def _answer(self) -> Answer:
        if self._use.suffers("empty", "reasoning_only"):
            return Answer()
        answer = answer_of(self._mind, self._body)
        most = self._body.get("max_tokens") or self._body.get("max_completion_tokens")
        tokens = tokens_of(answer.text)
        self._is_cut = most is not None and len(tokens) > most
        return Answer("".join(tokens[:most]), answer.calls)

    def _finish_reason(self, answer: Answer) -> str:
        if answer.calls:
            return "tool_calls"
        return "length" if self._is_cut else "stop"

    def _deltas(self, answer: Answer) -> Iterator[Delta]:
        """One for each token."""
        field = self._vendor.thought_field
        if self._thinks and not self._use.suffers("empty"):
            start, end = ("", "") if field else THINK_TAGS
            for token in tokens_of(start + self._mind.reasoning + end):
                self._thought_tokens += 1
                yield {field or "content": token}
        for index, call in enumerate(answer.calls):
            yield {"tool_calls": [_call(index, call, "")]}
            for token in tokens_of(_arguments(call)):
                yield {"tool_calls": [{"index": index, "function": {"arguments": token}}]}
        for token in tokens_of(answer.text):
            yield {"content": token}

    async def _send(self, delta: Delta, *, tokens: int = 0, finish: str | None = None) -> None:
        garbage = self._use.garbage()
        if garbage is not None:
            await self.out.write(b"data: " + garbage + b"\n\n")
        self._output_tokens += tokens
        self._use.entry.count("output_tokens", tokens)
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        await self._event({**self._frame(), "choices": [choice]}, messages=tokens)

    async def _tell_usage(self) -> None:
        wish = self._body.get("stream_options") or {}
        is_told = wish.get("include_usage") and self._vendor.takes_usage_wish
        if self._mind.tells_usage and is_told:
            await self._event({**self._frame(), "choices": [], "usage": self._usage()})

    async def _event(self, data: Any, *, messages: int = 0) -> None:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        await self.out.write(f"data: {text}\n\n".encode(), messages=messages)

    async def _wait_aloud(self, until_s: float) -> None:
        """Waits for the first token, with the vendor's comments meanwhile."""
        loop = asyncio.get_running_loop()
        while self._vendor.comment:
            await self.out.write(self._vendor.comment)
            if loop.time() + COMMENT_EVERY_S >= until_s:
                break
            await asyncio.sleep(COMMENT_EVERY_S)
        await self._sleep_until(until_s)

    async def _sleep_until(self, at_s: float) -> None:
        wait_s = at_s - asyncio.get_running_loop().time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    def _frame(self, kind: str = "chat.completion.chunk") -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}

    @property
    def _cached_tokens(self) -> int:
        return min(self._mind.cached_tokens, self._input_tokens)

    def _usage(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self._input_tokens,
            "completion_tokens": self._output_tokens,
            "total_tokens": self._input_tokens + self._output_tokens,
            "prompt_tokens_details": {"cached_tokens": self._cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": self._thought_tokens},
        }


def _call(index: int, call: Call, arguments: str) -> Delta:
    return {
        "index": index,
        "id": f"call_{uuid.uuid4().hex[:12]}",
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _arguments(call: Call) -> str:
    return json.dumps(call.arguments, ensure_ascii=False)
