"""What recognisers say, one after another, about one caller: each word once."""

from dataclasses import replace
from math import ceil

from livekit.agents import stt

from callmissed.kit.overlap import count_repeated, fold_word
from callmissed.voice.hearing_audio import UnheardAudio

FASTEST_WORDS_A_S = 5.0


class HeardWords:
    """The last final words, the partial ones behind them, and how the next are to be joined.

    A recogniser that owes the final words of one stretch of speech may begin to tell the next: the
    words of the first are held until its final words come, or the next ones do.
    """

    def __init__(self) -> None:
        self._final: list[str] = []
        self._partial: list[str] = []
        self._held: list[str] = []
        self._before_pause: list[str] = []
        self._said_before: list[str] = []
        self._most_repeated = 0
        self._gone: list[str] = []
        self._earlier: list[str] = []

    def begin_replay(self, audio: UnheardAudio) -> None:
        """Another recogniser is given this sound: it may repeat the last final words, or not know
        the beginning of the partial ones.
        """
        self._most_repeated = 0
        if audio.doubtful_s > 0.0:
            self._most_repeated = ceil(audio.doubtful_s * FASTEST_WORDS_A_S)
            self._said_before = self._final
        known = [*self._held, *self._partial]
        self._gone = known if audio.is_cut_short else []
        self._earlier = max(self._earlier, known, key=len)
        self._held, self._partial, self._before_pause = [], [], []

    def note_pause(self) -> None:
        """The caller paused."""
        self._before_pause = self._partial

    def take(self, event: stt.SpeechEvent) -> stt.SpeechEvent:
        """The event with its words joined to what is known."""
        text = event.alternatives[0].text
        words = self._join(text)
        if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
            if count_repeated(self._held, words) * 2 < len(self._held):
                words = self._held + words
            self._end(words)
        else:
            if self._before_pause and _begins_anew(self._before_pause, words):
                self._held += self._before_pause
                self._before_pause = []
            self._partial = words
        return _with_words(event, text, words)

    def make_final(self, partial: stt.SpeechEvent) -> stt.SpeechEvent:
        """The partial words, and those held before them, as final ones: the most that any
        recogniser had of them.
        """
        words = max(self._earlier, self._held + self._partial, key=len)
        self._end(words)
        final = replace(partial, type=stt.SpeechEventType.FINAL_TRANSCRIPT)
        return _with_words(final, final.alternatives[0].text, words)

    def _end(self, words: list[str]) -> None:
        if words:
            self._final = words
            self._most_repeated = 0
            self._gone = []
        self._held, self._partial, self._before_pause, self._earlier = [], [], [], []

    def _join(self, text: str) -> list[str]:
        words = text.split()
        if self._most_repeated:
            words = words[count_repeated(self._said_before, words, self._most_repeated) :]
        if self._gone and words:
            words = self._gone + words[count_repeated(self._gone, words) :]
        return words


def placed(event: stt.SpeechEvent, begins_s: float) -> stt.SpeechEvent:
    """The event of a recogniser that began to hear at `begins_s`, with its times counted from
    where that is counted from.
    """
    best = event.alternatives[0]
    if best.end_time <= 0:
        return event
    start_s, end_s = best.start_time + begins_s, best.end_time + begins_s
    best = replace(best, start_time=start_s, end_time=end_s)
    return replace(event, alternatives=[best, *event.alternatives[1:]])


def _begins_anew(before: list[str], words: list[str]) -> bool:
    """Whether partial words tell of other speech than the ones before a pause."""
    if not words or len(words) > len(before) + 1:
        return False
    return fold_word(words[0]) != fold_word(before[0])


def _with_words(event: stt.SpeechEvent, text: str, words: list[str]) -> stt.SpeechEvent:
    if len(words) == len(text.split()):
        return event
    best = replace(event.alternatives[0], text=" ".join(words))
    return replace(event, alternatives=[best, *event.alternatives[1:]])
