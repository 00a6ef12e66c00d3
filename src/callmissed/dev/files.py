"""Sound files as they are posted to be transcribed."""

from dataclasses import dataclass

from aiohttp import web

from callmissed.dev.errors import Refused
from callmissed.kit.pcm import Samples
from callmissed.kit.wav import SoundFormat, WavError, WavReader

RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class PostedSound:
    """Mono at 16 kHz, with the other fields of the form."""

    samples: Samples
    fields: dict[str, str]

    @property
    def duration_ms(self) -> int:
        return len(self.samples) * 1000 // RATE_HZ


async def read_sound(request: web.Request) -> PostedSound:
    """The form of the request. Raises Refused where it holds no file that can be read."""
    form = await request.post()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    file = form.get("file")
    if not isinstance(file, web.FileField):
        raise Refused(None, "file is missing")
    raw_hz = int(fields.get("sample_rate", RATE_HZ))
    reader = WavReader(SoundFormat(raw_hz), RATE_HZ)
    try:
        samples = reader.push(file.file.read())
    except WavError as error:
        raise Refused(None, f"The file cannot be read: {error}") from None
    return PostedSound(samples, fields)
