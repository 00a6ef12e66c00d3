"""Whether a room that is never silent is full of voices, as our voice detector would take them."""

import numpy as np
from livekit import local_inference
from livekit.local_inference import VAD_WINDOW_SAMPLES
from numpy.typing import NDArray

MODEL_RATE_HZ = 16000
SPEECH = 0.5
"""The model's probability from which a window holds speech."""


class VoiceTest:
    """Fed with the sound that is held back; asks LiveKit's local model, in 33 µs a window."""

    def __init__(self) -> None:
        self._model = local_inference.VAD()
        self._waiting = np.zeros(0, np.int16)
        self._is_voice = False

    def hears_voice(self, samples: NDArray[np.int16], rate_hz: int) -> bool:
        """Whether the last whole window held speech."""
        self._waiting = np.concatenate([self._waiting, _at_model_rate(samples, rate_hz)])
        while len(self._waiting) >= VAD_WINDOW_SAMPLES:
            window = self._waiting[:VAD_WINDOW_SAMPLES]
            self._waiting = self._waiting[VAD_WINDOW_SAMPLES:]
            self._is_voice = self._model.predict(window) >= SPEECH
        return self._is_voice


def _at_model_rate(samples: NDArray[np.int16], rate_hz: int) -> NDArray[np.int16]:
    if rate_hz == MODEL_RATE_HZ:
        return samples
    places = np.arange(len(samples) * MODEL_RATE_HZ // rate_hz) * (rate_hz / MODEL_RATE_HZ)
    return np.asarray(np.interp(places, np.arange(len(samples)), samples), np.int16)
