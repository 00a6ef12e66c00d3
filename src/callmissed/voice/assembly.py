"""Puts the parts of a conversation together."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from livekit.agents import AgentSession, UserStateChangedEvent, llm, stt, tts

from callmissed.domain.calls import CallDesk, CallTerms, TurnTaking
from callmissed.domain.models import Candidate
from callmissed.domain.usage import Meter
from callmissed.kit.clock import Clock
from callmissed.voice.activity import VoiceActivity
from callmissed.voice.brain import Brain
from callmissed.voice.marks import part_marks
from callmissed.voice.options import VAD_LEAST_SILENCE_S, connect_options, turn_handling
from callmissed.voice.sentence_cache import SentenceCache
from callmissed.voice.speaking import Voice
from callmissed.voice.synthesis import Privacy, Speaker, Synthesis
from callmissed.voice.thinking import Mind


def open_session(
    ears: stt.STT[Any],
    mind: llm.LLM[Any],
    mouth: tts.TTS[Any],
    taking: TurnTaking,
    quiet_s: Callable[[], float],
) -> AgentSession[None]:
    """LiveKit's engine, not yet started. It hears through `ears`; of the other two it only needs
    to know that they are there: what is asked of them goes through our agent. `quiet_s` is for how
    long the caller has made no sound.
    """
    session: AgentSession[None] = AgentSession(
        stt=ears,
        llm=mind,
        tts=mouth,
        vad=VoiceActivity(pause_s(taking), quiet_s),
        turn_handling=turn_handling(taking),
        conn_options=connect_options(),
        tts_text_transforms=[part_marks, "filter_markdown", "filter_emoji"],
        use_tts_aligned_transcript=False,
        aec_warmup_duration=None,
        user_away_timeout=None,
        session_close_transcript_timeout=0.1,
    )
    session.on("user_state_changed", partial(_prepare_answer, mind))
    return session


def pause_s(taking: TurnTaking) -> float:
    """How long the caller is silent before our voice detector says so."""
    return min(VAD_LEAST_SILENCE_S, taking.wait_s)


def open_brain(
    terms: CallTerms,
    minds: Sequence[Candidate[llm.LLM[Any]]],
    desk: CallDesk,
    meter: Meter,
    clock: Clock,
) -> Brain:
    """What the conversation's answers come from."""
    return Brain(
        Mind(minds),
        desk,
        retrieves=bool(terms.passages or terms.library_base_ids),
        tools=terms.tools,
        monotonic_s=clock.monotonic_s,
        meter=meter,
    )


def open_voice(
    terms: CallTerms,
    mouths: Sequence[Candidate[tts.TTS[Any]]],
    *,
    rate_hz: int,
    sentences: SentenceCache | None,
    meter: Meter,
    clock: Clock,
) -> Voice:
    """The call's way to speak; `mouths` are the chosen model and its spares, as in the route."""
    names = [terms.route.voice, *(spare.voice for spare in terms.route.spare_tts)]
    synthesis = Synthesis(
        [Speaker(*pair) for pair in zip(mouths, names, strict=True)],
        language=terms.route.tts_language,
        rate_hz=rate_hz,
        privacy=Privacy(terms.tenant_id, terms.private_words),
        sentences=sentences,
        meter=meter,
    )
    return Voice(synthesis, clock.monotonic_s)


def _prepare_answer(mind: llm.LLM[Any], event: UserStateChangedEvent) -> None:
    """While the caller speaks, the connection is opened over which they will be answered."""
    if event.new_state == "speaking":
        mind.prewarm()
