"""The sound of one piece of text on its way from a provider's bytes to LiveKit's frames."""

from livekit.agents import APIConnectionError, tts, utils

from callmissed.kit.wav import SoundFormat, WavError, WavReader

FRAME_MS = 20
# LiveKit ends a piece with 10 ms of silence of its own unless sound comes with its end.
HELD_BACK_MS = 10


class PieceSound:
    """Gives out what is pushed, intact to the sample, as mono PCM16 of `rate_hz`; a moment of it
    is held back until the end. `raw` is what the bytes are where no header says another.
    """

    def __init__(self, emitter: tts.AudioEmitter, raw: SoundFormat, rate_hz: int) -> None:
        emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=rate_hz,
            num_channels=1,
            mime_type="audio/pcm",
            frame_size_ms=FRAME_MS,
        )
        self._emitter = emitter
        self._reader = WavReader(raw, rate_hz)
        self._held = b""
        self._held_bytes = 2 * (rate_hz * HELD_BACK_MS // 1000)
        self.has_sounded = False

    def push(self, data: bytes) -> bool:
        """True where there was sound in it, which a header is not. Raises APIConnectionError for
        what cannot be read.
        """
        try:
            samples = self._reader.push(data)
        except WavError as error:
            raise APIConnectionError("the provider's sound cannot be read") from error
        if not len(samples):
            return False
        self.has_sounded = True
        self._emit(self._held + samples.tobytes(), self._held_bytes)
        return True

    @property
    def is_torn(self) -> bool:
        """By its own header, or in the middle of a sample: there was to be more."""
        return self._reader.missing_bytes > 0

    def end(self) -> None:
        """The piece is whole. Raises APIConnectionError where it has no sound."""
        if not self.has_sounded:
            raise APIConnectionError("the provider made no sound of a text")
        self._emit(self._held + self._reader.flush().tobytes(), 0)

    def _emit(self, sound: bytes, keep_bytes: int) -> None:
        ready = max(len(sound) - keep_bytes, 0)
        self._held = sound[ready:]
        if ready:
            self._emitter.push(sound[:ready])
