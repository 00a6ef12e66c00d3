"""What a simulated voice says, as samples and as the bytes of a codec."""

from collections.abc import Iterator

import numpy as np

from callmissed.dev.scenario import Mouth
from callmissed.dev.tones import encode
from callmissed.kit.mulaw import encode_mulaw
from callmissed.kit.pcm import Samples
from callmissed.kit.wav import write_wav
from callmissed.providers.local.voices import Voices

CODECS = frozenset(("linear16", "mulaw", "wav"))
"""Those that are simulated; vendors have more."""

_STREAMED_BYTES = b"\xff\xff\xff\xff"


def rendered(text: str, rate_hz: int) -> Samples:
    """What `speak="tones"` says for a text, to the sample, at every vendor alike.

    Texts cut at spaces and said one after the other are the same samples.
    """
    return encode(text, rate_hz)


class Voicebox:
    """Speaks as the scenario asks; loads this machine's own synthesis at its first use."""

    def __init__(self) -> None:
        self._voices: Voices | None = None

    async def speak(self, mouth: Mouth, text: str, language: str, rate_hz: int) -> Samples:
        """Raises RuntimeError where `voice` is asked for and the machine has none."""
        if mouth.speak == "tones":
            return rendered(text, rate_hz)
        if self._voices is None:
            self._voices = Voices()
            await self._voices.open()
        return await self._voices.speak(
            text, engine="flite", voice="", language=language, rate_hz=rate_hz
        )

    async def aclose(self) -> None:
        if self._voices is not None:
            await self._voices.aclose()


def wav_header(rate_hz: int) -> bytes:
    """The 44 bytes before sound whose length is not known yet."""
    header = write_wav(np.zeros(0, dtype=np.int16), rate_hz)
    return header[:4] + _STREAMED_BYTES + header[8:40] + _STREAMED_BYTES


def coded(samples: Samples, codec: str) -> bytes:
    """Without a header; `wav` is as `linear16`."""
    return encode_mulaw(samples) if codec == "mulaw" else samples.astype("<i2").tobytes()


def pieces_of(samples: Samples, rate_hz: int, piece_ms: float) -> Iterator[Samples]:
    size = max(1, int(rate_hz * piece_ms / 1000))
    for start in range(0, len(samples), size):
        yield samples[start : start + size]
