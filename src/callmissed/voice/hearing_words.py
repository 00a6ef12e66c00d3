"""What recognisers say, one after another, about one caller: each word once."""

from dataclasses import replace
from math import ceil

from livekit.agents import stt

from callmissed.kit.overlap import count_repeated
from callmissed.voice.hearing_audio import UnheardAudio

FASTEST_WORDS_A_S = 5.0


class HeardWords:
    """The last final words, the partial ones behind them, and how the next are to be joined."""

    def __init__(self) -> None:
        self._final: list[str] = []
        self._partial = ""
        self._said_before: list[str] = []
        self._most_repeated = 0
        self._gone: list[str] = []

    @property
    def partial(self) -> str:
        return self._partial

    def begin_replay(self, audio: UnheardAudio) -> None:
        """Another recogniser is given this sound: it may repeat the last final words, or not know
        the beginning of the partial ones.
        """
        self._most_repeated = 0
        if audio.doubtful_s > 0.0:
            self._most_repeated = ceil(audio.doubtful_s * FASTEST_WORDS_A_S)
            self._said_before = self._final
        self._gone = self._partial.split() if audio.is_cut_short else []

    def take(self, event: stt.SpeechEvent) -> stt.SpeechEvent:
        """The event with its words joined to what is known."""
        if not event.alternatives:
            return event
        words = self._join(event.alternatives[0].text)
        if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
            self.end(words)
        else:
            self._partial = words
        best = replace(event.alternatives[0], text=words)
        return replace(event, alternatives=[best, *event.alternatives[1:]])

    def end(self, words: str) -> None:
        """These are final; what follows begins anew."""
        if words:
            self._final = words.split()
            self._most_repeated = 0
            self._gone = []
        self._partial = ""

    def _join(self, text: str) -> str:
        words = text.split()
        if self._most_repeated:
            words = words[count_repeated(self._said_before, words, self._most_repeated) :]
        if self._gone and words:
            words = self._gone + words[count_repeated(self._gone, words) :]
        return " ".join(words) if len(words) != len(text.split()) else text.strip()
