"""Sarvam's plain HTTP endpoints for speech: `/speech-to-text`, `/text-to-speech` and
`/text-to-speech/stream` (docs.sarvam.ai).
"""

import asyncio
import base64
from typing import Any

from aiohttp import web

from callmissed.dev.errors import Refused
from callmissed.dev.files import RATE_HZ, read_sound
from callmissed.dev.hearing import hear_whole
from callmissed.dev.sarvam_common import (
    MODES,
    STT_LANGUAGES,
    STT_MODELS,
    key_of,
    new_request_id,
    one_of,
    worded,
)
from callmissed.dev.sarvam_voices import REST_RATES_HZ, VoiceConfig, read_config
from callmissed.dev.speaking import coded
from callmissed.dev.spoken_streams import speak_over
from callmissed.dev.streams import Stream, answer_json
from callmissed.dev.uses import Closing, Failing, Use, open_use
from callmissed.kit.wav import write_wav

MAX_AUDIO_MS = 30_000
MAX_CHARS = 2500
MAX_STREAMED_CHARS = 3500
UNKNOWN = "unknown"
_CONTENT_TYPES = {"wav": "audio/wav", "linear16": "audio/pcm", "mulaw": "audio/basic"}


def routes(base: str) -> list[web.RouteDef]:
    return [
        web.post(base + "/speech-to-text", transcribe),
        web.post(base + "/text-to-speech", speak_whole),
        web.post(base + "/text-to-speech/stream", speak_stream),
    ]


@worded
async def transcribe(request: web.Request) -> web.StreamResponse:
    posted = await read_sound(request)
    fields, model = posted.fields, posted.fields.get("model", "saarika:v2.5")
    key = key_of(request)
    use = await open_use(request, "sarvam.stt_rest", key, model, fields)
    one_of(model, STT_MODELS, "model")
    one_of(fields.get("mode", "transcribe"), MODES, "mode")
    asked = one_of(fields.get("language_code", UNKNOWN), STT_LANGUAGES | {UNKNOWN}, "language_code")
    if posted.duration_ms > MAX_AUDIO_MS:
        raise Refused(None, "Audio must not be longer than 30 seconds", status=413)
    simulation = use.simulation
    ears = simulation.scenario.ears
    place = f"sarvam.stt_rest/{key}"
    heard = hear_whole(ears, posted.samples, RATE_HZ, spoken=simulation.spoken[place])
    simulation.spoken[place] += 1
    await asyncio.sleep(ears.final_after_ms / 1000)
    use.entry.count("audio_ms", posted.duration_ms)
    return await answer_json(
        use,
        {
            "request_id": new_request_id(),
            "transcript": "" if heard is None or use.suffers("empty") else heard.text,
            "timestamps": None,
            "language_code": asked if asked != UNKNOWN else heard.language if heard else "en-IN",
            "language_probability": None if asked != UNKNOWN else 0.97,
        },
    )


@worded
async def speak_whole(request: web.Request) -> web.StreamResponse:
    use, text, config = await _asked(request, "sarvam.tts_rest", MAX_CHARS)
    mouth = use.simulation.scenario.mouth
    sound = await use.simulation.voicebox.speak(mouth, text, config.language, config.rate_hz)
    audio_ms = len(sound) * 1000 // config.rate_hz
    await asyncio.sleep((mouth.first_byte_ms + audio_ms * mouth.real_time_factor) / 1000)
    use.entry.count("audio_ms", audio_ms)
    is_file = config.codec == "wav"
    content = write_wav(sound, config.rate_hz) if is_file else coded(sound, config.codec)
    audios = [] if use.suffers("empty") else [base64.b64encode(content).decode()]
    return await answer_json(use, {"request_id": new_request_id(), "audios": audios})


@worded
async def speak_stream(request: web.Request) -> web.StreamResponse:
    use, text, config = await _asked(request, "sarvam.tts_stream", MAX_STREAMED_CHARS)
    simulation = use.simulation
    sound = await simulation.voicebox.speak(
        simulation.scenario.mouth, text, config.language, config.rate_hz
    )
    out = Stream(use, _CONTENT_TYPES[config.codec])
    try:
        await speak_over(out, simulation.scenario.mouth, sound, config.rate_hz, config.codec)
        use.finish()
    except (Closing, Failing):
        use.entry.outcome = "failed"
    return await out.close()


async def _asked(request: web.Request, place: str, max_chars: int) -> tuple[Use, str, VoiceConfig]:
    """What is to be spoken, counted. Raises Refused for what is not taken."""
    try:
        body: dict[str, Any] = await request.json()
    except ValueError:
        raise Refused(None, "The body is no JSON") from None
    model = str(body.get("model", "bulbul:v2"))
    use = await open_use(request, place, key_of(request), model, body)
    text = body.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= max_chars:
        raise Refused(None, f"text must have 1 to {max_chars} characters")
    config = read_config({"output_audio_codec": "wav", **body}, model, REST_RATES_HZ)
    use.entry.count("characters", len(text))
    return use, text, config
