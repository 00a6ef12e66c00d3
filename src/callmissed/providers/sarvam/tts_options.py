"""The `options` of Sarvam's text-to-speech models."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class VoiceOptions:
    """`path` is that of the model's socket. `codec` is `mulaw` for the telephone's own bytes.

    `rate_hz` is 24,000 for `linear16` and 8,000 for `mulaw` unless it is set. `pace` (0.5 to 2.0)
    and `temperature` (0.01 to 1.0) are left to the server unless they are set. `min_buffer_size`
    (30 to 200) and `max_chunk_length` (50 to 500) are characters. What lies outside is brought to
    the nearest value that the server takes.
    """

    path: str = "/text-to-speech/ws"
    codec: Literal["linear16", "mulaw"] = "linear16"
    rate_hz: int | None = None
    pace: float | None = None
    temperature: float | None = None
    min_buffer_size: int = 30
    max_chunk_length: int = 150
