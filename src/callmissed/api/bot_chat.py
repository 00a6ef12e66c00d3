"""`POST /v1/bots/{bot_id}/chat`: a bot tried in text, as a stream of events."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentHouse,
    CurrentPrincipal,
    guarded_router,
    refusals,
)
from callmissed.api.session_forms import MAX_VARIABLES, VariableName, VariableValue
from callmissed.domain.bots import MAX_VERSIONS
from callmissed.domain.calls import CallTerms, Exchange
from callmissed.domain.errors import Kind, invalid
from callmissed.runtime.house import House
from callmissed.services.chats import find_terms, load_chat, plan_chat
from callmissed.services.key_bounds import check_allowed_models

if TYPE_CHECKING:
    from callmissed.runtime.chat import ChatPart

MAX_MESSAGES = 100
MAX_MESSAGE_CHARS = 4000
EVENT_STREAM = "text/event-stream"
EVENT = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["event", "data"],
}

router = guarded_router("bots")

Run = Callable[..., AsyncIterator["ChatPart"]]


class ChatMessageIn(BaseModel):
    """What was said in the chat so far; the newest comes last and is the user's."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(min_length=1, max_length=MAX_MESSAGE_CHARS)]


class ChatIn(BaseModel):
    """Words to be answered. Nothing of a chat is kept: each request brings all of it."""

    model_config = ConfigDict(extra="forbid")

    messages: list[ChatMessageIn] = Field(min_length=1, max_length=MAX_MESSAGES)
    version: int | None = Field(None, ge=1, le=MAX_VERSIONS, description="Null: the published one.")
    draft: StrictBool = Field(False, description="What is being written, in its place.")
    variables: dict[VariableName, VariableValue] = Field(
        default_factory=dict, max_length=MAX_VARIABLES
    )


@router.post(
    "/v1/bots/{bot_id}/chat",
    operation_id="chat_with_bot",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events: `words` {text}, `tool` {used}, last `answered`.",
            "content": {EVENT_STREAM: {"schema": EVENT}},
        },
        **refusals(
            *SIGNED,
            *WITH_BODY,
            Kind.NOT_FOUND,
            Kind.MODEL_NOT_AVAILABLE,
            Kind.PROVIDER_UNAVAILABLE,
        ),
    },
)
async def chat_with_bot(
    house: CurrentHouse, principal: CurrentPrincipal, bot_id: UUID, body: ChatIn
) -> StreamingResponse:
    """The answer that a call would give: same documents, models, tools and deadlines. The bot's
    tools really run; what they ask of others (hand-off, follow-up) is only shown.
    """
    *earlier, newest = body.messages
    if newest.role != "user":
        raise invalid("messages", "The last message is not the user's.", "Put their words last.")
    if body.draft and body.version is not None:
        raise invalid("version", "A draft has no version.", "Give draft or version.")
    async with house.database.tenant(principal.tenant_id) as db:
        own = await find_terms(db, bot_id, body.version, is_draft=body.draft)
        plan = await plan_chat(db, house.vault, own, body.variables)
        check_allowed_models(principal, *plan)
        terms = await load_chat(db, house.vault, own, plan, _history(earlier))
    run = await asyncio.to_thread(_load_engine)
    parts = _as_events(run, house, terms, newest.content)
    return StreamingResponse(parts, media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})


def _load_engine() -> Run:
    """Imported when it is first needed: most processes that serve the API never chat."""
    from callmissed.runtime.chat import run_chat

    return run_chat


async def _as_events(run: Run, house: House, terms: CallTerms, words: str) -> AsyncIterator[bytes]:
    async for part in run(terms, words, house.warm, house.library):
        name = type(part).__name__.removeprefix("Chat").lower()
        yield f"event: {name}\ndata: {json.dumps(asdict(part), ensure_ascii=False)}\n\n".encode()


def _history(messages: list[ChatMessageIn]) -> list[Exchange]:
    """Pairs of what was said and what was answered; either may be missing."""
    pairs: list[Exchange] = []
    waiting: str | None = None
    for message in messages:
        if message.role == "user":
            if waiting is not None:
                pairs.append(Exchange(waiting, ""))
            waiting = message.content
        else:
            pairs.append(Exchange(waiting, message.content))
            waiting = None
    return [*pairs, Exchange(waiting, "")] if waiting is not None else pairs
