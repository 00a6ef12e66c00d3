"""Speech streamed over HTTP, in the scenario's time."""

import asyncio

from callmissed.dev.scenario import Mouth
from callmissed.dev.speaking import coded, pieces_of, wav_header
from callmissed.dev.streams import Stream
from callmissed.kit.pcm import Samples


async def speak_over(out: Stream, mouth: Mouth, sound: Samples, rate_hz: int, codec: str) -> None:
    """Streams the sound in the scenario's time, a WAV header before it where that is the codec.

    May raise what `Use.count` raises.
    """
    await asyncio.sleep(mouth.first_byte_ms / 1000)
    await out.open()
    if out.use.suffers("empty"):
        return
    if codec == "wav":
        await out.write(wav_header(rate_hz))
    for piece in pieces_of(sound, rate_hz, mouth.chunk_ms):
        piece_ms = len(piece) * 1000 // rate_hz
        await asyncio.sleep(piece_ms * mouth.real_time_factor / 1000)
        out.use.entry.count("audio_ms", piece_ms)
        await out.write(coded(piece, codec), messages=1, audio_ms=piece_ms)
    if out.use.suffers("never_final"):
        await out.hold()
