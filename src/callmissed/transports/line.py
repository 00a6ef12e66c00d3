"""What every transport gives a call."""

from collections.abc import AsyncIterator
from typing import Protocol

from livekit.agents.voice import io

from callmissed.domain.lines import Captions, LineNews, Playhead


class Line(Protocol):
    """Sound both ways, captions, and news of what happens; closed once."""

    @property
    def sound_in(self) -> io.AudioInput: ...
    @property
    def sound_out(self) -> io.AudioOutput: ...
    @property
    def playhead(self) -> Playhead: ...
    @property
    def captions(self) -> Captions: ...
    def news(self) -> AsyncIterator[LineNews]: ...
    async def aclose(self) -> None: ...
