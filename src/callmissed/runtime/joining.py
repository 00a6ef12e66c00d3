"""The line of a call, and how it is opened: also while the media server is just coming back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from callmissed.domain.calls import CallTerms
from callmissed.domain.sessions import CALLER_IDENTITY
from callmissed.domain.usage import Meter
from callmissed.kit.clock import Clock
from callmissed.providers import Models
from callmissed.transports.line import Line
from callmissed.transports.livekit_room import RoomLine, room_rate_hz
from callmissed.voice.assembly import open_voice
from callmissed.voice.conversation import Conversation
from callmissed.voice.sentence_cache import SentenceCache

PATIENCE_S = 20.0
TRY_AGAIN_S = 0.25

logger = logging.getLogger(__name__)
log = structlog.get_logger("callmissed.joining")


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
    began_s = loop.time()
    while True:
        try:
            line = await open_line(terms, tts_rate_hz)
        except ConnectionError:
            if loop.time() > began_s + PATIENCE_S:
                raise
            on_refusal()
            await asyncio.sleep(TRY_AGAIN_S)
        else:
            _note_joined(terms, loop.time() - began_s)
            return line


async def open_unless(
    ended: asyncio.Future[Any], opening: Coroutine[Any, Any, Line]
) -> Line | None:
    """The line; None where `ended` came first. Raises ConnectionError."""
    joining = asyncio.create_task(opening, name="join")
    try:
        await asyncio.wait((joining, ended), return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not joining.done():
            joining.cancel()
            await asyncio.wait([joining])
    return None if joining.cancelled() else joining.result()


async def record_bridge(
    terms: CallTerms, models: Models, meter: Meter, sentences: SentenceCache | None, clock: Clock
) -> None:
    """Of a resumed call: while its room is joined, the words that it begins with become sound in
    `sentences`, where the conversation finds them.
    """
    if not terms.has_begun or sentences is None:
        return
    voice = open_voice(
        terms,
        models.tts,
        rate_hz=room_rate_hz(models.tts[0].engine.sample_rate),
        sentences=sentences,
        meter=meter,
        clock=clock,
    )
    await voice.record(voice.clips.bridge)


def _note_joined(terms: CallTerms, took_s: float) -> None:
    if terms.has_begun:
        took_ms, session_id = round(took_s * 1000), str(terms.session_id)
        log.info("room_joined_again", session_id=session_id, epoch=terms.epoch, took_ms=took_ms)


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
