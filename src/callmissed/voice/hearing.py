"""One caller's ears: recognisers that take over from one another without losing a word."""

from collections.abc import Callable, Sequence
from typing import Any, Never

from livekit.agents import APIError, stt
from livekit.agents.types import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    NotGivenOr,
)
from livekit.agents.utils import AudioBuffer

from callmissed.voice.hearing_order import CandidateOrder, Ears
from callmissed.voice.hearing_report import Deafness, Report
from callmissed.voice.hearing_stream import HearingStream


class ResilientSTT(stt.STT[Never]):
    """The chosen recogniser and its spares as one that never ends before its input does.

    `note_speech` and `note_silence` tell it what our own voice detector says; `on_late` is called
    when words that were certainly said are late, `on_deaf` when nobody can hear what was said,
    each at most once for each time the caller speaks; `on_lost`, once, when nobody could for too
    long.
    """

    def __init__(
        self,
        candidates: Sequence[Ears],
        *,
        on_late: Callable[[], None],
        on_deaf: Callable[[], None],
        on_lost: Callable[[str], None],
    ) -> None:
        engines = [candidate.engine for candidate in candidates]
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True,
                interim_results=any(engine.capabilities.interim_results for engine in engines),
                offline_recognize=False,
                manual_flush=True,
            )
        )
        self._chosen = engines[0]
        self._order = CandidateOrder(candidates)
        self._deafness = Deafness(on_late, on_deaf, on_lost)
        self._report = Report(candidates[0].model.id)
        self._stream: HearingStream | None = None

    @property
    def model(self) -> str:
        return self._report.model_id

    def prewarm(self) -> None:
        self._chosen.prewarm()

    def note_speech(self) -> None:
        """The caller speaks."""
        if self._stream is not None:
            self._stream.note_speech()

    def note_silence(self, since_s: float) -> None:
        """The caller has paused; their last sound was `since_s` ago."""
        if self._stream is not None:
            self._stream.note_silence(since_s)

    def take_report(self) -> dict[str, Any]:
        """Who heard the words since the last report, and how often it had to be replaced."""
        return self._report.take()

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> HearingStream:
        """The connection options are not used: what is tried when is decided here."""
        self._stream = HearingStream(self, self._order, self._deafness, self._report)
        return self._stream

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise APIError("recognition of whole recordings goes through stream()", retryable=False)
