"""Noise that stays the same, taken out of the caller's sound by WebRTC's filter."""

from livekit import rtc

PIECES_A_S = 100
"""WebRTC's processing takes 10 ms at a time."""
RATES_HZ = (8000, 16000, 32000, 48000)


class NoiseFilter:
    """Costs about 2 ms of processor time a second; learns the noise of one caller in the first one
    or two.
    """

    def __init__(self) -> None:
        self._module = rtc.AudioProcessingModule(noise_suppression=True, high_pass_filter=True)

    def clean(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        """The frame with less noise, as long as before; the same one where it is no whole number of
        10 ms, or of a rate that the filter does not know.
        """
        step = frame.sample_rate // PIECES_A_S
        if frame.sample_rate not in RATES_HZ or frame.samples_per_channel % step:
            return frame
        cleaned = bytearray()
        for start in range(0, frame.samples_per_channel, step):
            data = bytearray(frame.data[start : start + step])
            piece = rtc.AudioFrame(data, frame.sample_rate, 1, step)
            self._module.process_stream(piece)
            cleaned += bytes(piece.data)
        return rtc.AudioFrame(cleaned, frame.sample_rate, 1, frame.samples_per_channel)
