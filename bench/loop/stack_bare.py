"""The control: the same oracles joined by hand in asyncio, with no framework, no voice activity and
no records. What is left is the machine and the event loop.

`--option commit=300` waits so many ms for the end of the turn and speculates on the partial.
"""

import asyncio

from bench.loop.contract import (
    FRAME_S,
    LLM_FIRST_S,
    STT_FINAL_S,
    TOKENS,
    TOKENS_PER_S,
    TTS_CHUNK_EVERY_S,
    TTS_CHUNK_S,
    TTS_FIRST_S,
    WORD_S,
    Seat,
    now_s,
    sleep_until,
)
from bench.loop.running import parse_arguments, run

FRAMES_A_CHUNK = round(TTS_CHUNK_S / FRAME_S)


class BareSeat(Seat):
    def __init__(self, commit_s: float) -> None:
        self._commit_s = commit_s
        self._frames: asyncio.Queue[bytes] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._guess: tuple[str, asyncio.Task[None]] | None = None

    async def open(self) -> None:
        self._tasks.append(asyncio.create_task(self._listen()))

    async def push(self, pcm: bytes) -> None:
        self._frames.put_nowait(pcm)

    async def hear_partial(self, words: str) -> None:
        if self._commit_s > STT_FINAL_S and words.endswith("?"):
            self._guess = (words, asyncio.create_task(self._answer()))

    async def hear_final(self, words: str) -> None:
        if self._guess is None:
            self._tasks.append(asyncio.create_task(self._answer()))
        self._guess = None

    async def _listen(self) -> None:
        while True:
            await self._frames.get()

    async def _answer(self) -> None:
        turn = self.current
        assert turn is not None
        asked_s = now_s()
        self.note_llm()
        words: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
        sound: asyncio.Queue[bytes | None] = asyncio.Queue()
        speaking = asyncio.create_task(self._speak(words, sound))
        playing = asyncio.create_task(self._play(sound, turn.true_end_s + self._commit_s))
        for index, token in enumerate(TOKENS):
            await sleep_until(asked_s + LLM_FIRST_S + index / TOKENS_PER_S)
            self.note_tts()
            words.put_nowait((now_s(), token))
        words.put_nowait(None)
        await speaking
        await playing

    async def _speak(
        self,
        words: "asyncio.Queue[tuple[float, str] | None]",
        sound: "asyncio.Queue[bytes | None]",
    ) -> None:
        free_s = 0.0
        while (item := await words.get()) is not None:
            at_s, text = item
            due_s = max(free_s, at_s + TTS_FIRST_S)
            count = max(1, round(len(text.split()) * WORD_S / TTS_CHUNK_S))
            for index in range(count):
                await sleep_until(due_s + index * TTS_CHUNK_EVERY_S)
                sound.put_nowait(b"")
            free_s = due_s + count * TTS_CHUNK_EVERY_S
        sound.put_nowait(None)

    async def _play(self, sound: "asyncio.Queue[bytes | None]", commit_s: float) -> None:
        due_s = 0.0
        while await sound.get() is not None:
            await sleep_until(commit_s)
            for _ in range(FRAMES_A_CHUNK):
                await sleep_until(due_s)
                self.note_audio()
                due_s = max(due_s, now_s()) + FRAME_S


if __name__ == "__main__":
    given = dict(option.split("=") for option in parse_arguments().option)
    run("bare asyncio", lambda: BareSeat(float(given.get("commit", STT_FINAL_S * 1000)) / 1000))
