"""Terms of calls that follow a script; see `scripted_child`."""

import sys
from pathlib import Path
from uuid import uuid4

from callmissed.domain.calls import TURN_TAKING_PRESETS, CallTerms
from callmissed.domain.models import Model, ModelStatus, Route, Service

SCRIPTED_CHILD = (sys.executable, "-m", "tests.worker.scripted_child")
ROOT = Path(__file__).resolve().parents[2]


def scripted_terms(script: str, epoch: int = 1) -> CallTerms:
    return CallTerms(
        session_id=uuid4(),
        tenant_id=uuid4(),
        epoch=epoch,
        room="voice-scripted",
        room_url="",
        room_token="",
        system_prompt=script,
        greeting=None,
        route=local_route(),
        turn_taking=TURN_TAKING_PRESETS["balanced"],
        passages=(),
        max_duration_s=300,
        join_window_s=120,
        reconnect_window_s=20,
    )


def local_route() -> Route:
    models = {
        service: Model(
            id=f"local/{service.value}",
            service=service,
            provider="local",
            upstream=service.value,
            status=ModelStatus.AVAILABLE,
            languages=("en",),
        )
        for service in Service
    }
    return Route(
        stt=models[Service.STT],
        llm=models[Service.LLM],
        tts=models[Service.TTS],
        voice="slt",
        language="en-IN",
        tts_language="en-IN",
    )
