"""OpenAI's audio endpoints as self-hosted servers speak them, `/audio/transcriptions` and
`/audio/speech` (platform.openai.com/docs/api-reference/audio).
"""

import asyncio
from typing import Any

from aiohttp import web

from callmissed.dev.chat_vendors import NO_KEY, bearer_of
from callmissed.dev.errors import Refused, answer_refusal, openai_error
from callmissed.dev.files import RATE_HZ, PostedSound, read_sound
from callmissed.dev.hearing import Stretch, hear_whole
from callmissed.dev.sarvam_common import Handler
from callmissed.dev.spoken_streams import speak_over
from callmissed.dev.streams import Stream, answer_json
from callmissed.dev.uses import Closing, Failing, open_use

SPEECH_RATE_HZ = 24_000
MAX_INPUT_CHARS = 4096
_SPEECH_TYPES = {"wav": "audio/wav", "pcm": "audio/pcm"}
_LANGUAGES = {"en": "english", "hi": "hindi", "ta": "tamil", "te": "telugu", "bn": "bengali"}


def routes(base: str) -> list[web.RouteDef]:
    return [
        web.post(base + "/audio/transcriptions", _worded(transcribe)),
        web.post(base + "/audio/speech", _worded(speak)),
        web.get(base + "/models", _worded(list_models)),
    ]


async def transcribe(request: web.Request) -> web.StreamResponse:
    posted = await read_sound(request)
    model = posted.fields.get("model", "")
    key = bearer_of(request) or NO_KEY
    use = await open_use(request, "audio.stt", key, model, posted.fields)
    simulation = use.simulation
    ears = simulation.scenario.ears
    place = f"audio.stt/{key}"
    heard = hear_whole(ears, posted.samples, RATE_HZ, spoken=simulation.spoken[place])
    simulation.spoken[place] += 1
    await asyncio.sleep(ears.final_after_ms / 1000)
    use.entry.count("audio_ms", posted.duration_ms)
    text = "" if heard is None or use.suffers("empty") else heard.text or ears.phantom
    match posted.fields.get("response_format", "json"):
        case "json":
            return await answer_json(use, {"text": text})
        case "text":
            use.finish()
            return web.Response(text=text + "\n")
        case "verbose_json":
            return await answer_json(use, _verbose(posted, text, heard))
    raise Refused(None, "response_format is not supported")


async def speak(request: web.Request) -> web.StreamResponse:
    try:
        body: dict[str, Any] = await request.json()
    except ValueError:
        raise Refused(None, "The body is no JSON") from None
    key = bearer_of(request) or NO_KEY
    use = await open_use(request, "audio.tts", key, str(body.get("model", "")), body)
    text, codec = body.get("input"), str(body.get("response_format", "mp3"))
    if not isinstance(text, str) or not 1 <= len(text) <= MAX_INPUT_CHARS:
        raise Refused(None, f"input must have 1 to {MAX_INPUT_CHARS} characters")
    if codec not in _SPEECH_TYPES:
        raise Refused(None, "response_format must be wav or pcm here")
    use.entry.count("characters", len(text))
    mouth = use.simulation.scenario.mouth
    sound = await use.simulation.voicebox.speak(mouth, text, "en-IN", SPEECH_RATE_HZ)
    out = Stream(use, _SPEECH_TYPES[codec])
    try:
        await speak_over(out, mouth, sound, SPEECH_RATE_HZ, codec)
        use.finish()
    except (Closing, Failing):
        use.entry.outcome = "failed"
    return await out.close()


async def list_models(request: web.Request) -> web.StreamResponse:
    rows = [{"id": name, "object": "model"} for name in ("whisper-1", "kokoro")]
    return web.json_response({"object": "list", "data": rows})


def _verbose(posted: PostedSound, text: str, heard: Stretch | None) -> dict[str, Any]:
    asked = posted.fields.get("language", "")
    spoken = asked or (heard.language if heard else "en")
    duration_s = posted.duration_ms / 1000
    segment = {"id": 0, "start": 0.0, "end": duration_s, "text": text, "no_speech_prob": 0.01}
    return {
        "task": "transcribe",
        "language": _LANGUAGES.get(spoken.split("-")[0], spoken),
        "duration": duration_s,
        "text": text,
        "segments": [segment] if text else [],
    }


def _worded(handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            return answer_refusal(refused, openai_error)

    return answer
