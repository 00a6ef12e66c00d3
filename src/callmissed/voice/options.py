"""Every option of the engine that would otherwise choose for itself, pinned by name."""

from livekit.agents import APIConnectOptions, TurnHandlingOptions
from livekit.agents.voice.agent_session import SessionConnectOptions

from callmissed.domain.calls import TurnTaking

VAD_LEAST_SILENCE_S = 0.25
FALSE_ALARM_S = 0.4
"""An agent that paused goes on when no words came so long after the caller's last sound was noticed."""
MAX_GUESSES = 2
"""Answers begun before the turn is confirmed; what the third would save is not worth its cost."""

STT_OPTIONS = APIConnectOptions(max_retry=1, retry_interval=0.5, timeout=5.0)
LLM_OPTIONS = APIConnectOptions(max_retry=1, retry_interval=0.2, timeout=5.0)
TTS_OPTIONS = APIConnectOptions(max_retry=1, retry_interval=0.2, timeout=4.0)

NEVER_BY_ITSELF = 1_000_000
"""The engine closes after that many errors in a row; we decide that ourselves."""


def turn_handling(taking: TurnTaking) -> TurnHandlingOptions:
    """Turn taking by voice activity on this machine; nothing of it asks LiveKit's cloud."""
    return TurnHandlingOptions(
        turn_detection="vad",
        endpointing={
            "mode": "fixed",
            "min_delay": taking.wait_s,
            "max_delay": taking.max_wait_s,
        },
        interruption={
            "enabled": True,
            "mode": "vad",
            "min_duration": taking.min_interruption_s,
            "min_words": 0,
            "discard_audio_if_uninterruptible": False,
            "resume_false_interruption": True,
            "false_interruption_timeout": FALSE_ALARM_S,
        },
        preemptive_generation={
            "enabled": True,
            "preemptive_tts": True,
            "max_retries": MAX_GUESSES,
        },
    )


def connect_options() -> SessionConnectOptions:
    return SessionConnectOptions(
        stt_conn_options=STT_OPTIONS,
        llm_conn_options=LLM_OPTIONS,
        tts_conn_options=TTS_OPTIONS,
        max_unrecoverable_errors=NEVER_BY_ITSELF,
    )
