"""The line of a call, and how it is opened: also while the media server is just coming back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from callmissed.domain.calls import CallTerms
from callmissed.domain.sessions import CALLER_IDENTITY
from callmissed.providers import Models
from callmissed.transports.line import Line
from callmissed.transports.livekit_room import RoomLine
from callmissed.voice.conversation import Conversation

PATIENCE_S = 20.0
TRY_AGAIN_S = 0.25

logger = logging.getLogger(__name__)


OpenLine = Callable[[CallTerms, int], Awaitable[Line]]


async def open_room_line(terms: CallTerms, tts_rate_hz: int) -> Line:
    """Joins the session's LiveKit room. Raises ConnectionError when it is not there."""
    line = RoomLine(caller_identity=CALLER_IDENTITY, tts_rate_hz=tts_rate_hz)
    try:
        await line.connect(terms.room_url, terms.room_token)
    except BaseException:
        await line.aclose()
        raise
    return line


async def open_patiently(
    open_line: OpenLine, terms: CallTerms, tts_rate_hz: int, on_refusal: Callable[[], None]
) -> Line:
    """Tries again for `PATIENCE_S`, each time after `on_refusal`. Raises the last ConnectionError."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + PATIENCE_S
    while True:
        try:
            return await open_line(terms, tts_rate_hz)
        except ConnectionError:
            if loop.time() > until_s:
                raise
            on_refusal()
        await asyncio.sleep(TRY_AGAIN_S)


async def close_call(conversation: Conversation | None, line: Line | None, models: Models) -> None:
    """The conversation first, so that the caller hears nothing more; then the line; then the
    models. Each is closed whatever becomes of the others.
    """
    closers: list[Callable[[], Awaitable[None]]] = []
    if conversation is not None:
        closers.append(conversation.aclose)
    if line is not None:
        closers.append(line.aclose)
    closers += [ears.engine.aclose for ears in models.stt]
    closers += [mind.engine.aclose for mind in models.llm]
    closers += [mouth.engine.aclose for mouth in models.tts]
    for close in closers:
        try:
            await close()
        except Exception:
            logger.exception("a part of the call was not closed in order")
