"""What a caller lives through when their recogniser fails, or when they change the language."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, llm, stt

from callmissed.dev.providers import running_providers
from callmissed.dev.tones import encode
from callmissed.domain.models import Model
from callmissed.domain.prompts import GOODBYES, UNHEARD, answer_in
from callmissed.domain.sessions import EndReason
from callmissed.kit.pcm import Samples, silence
from callmissed.providers import Models
from tests.providers.sarvam.loopback import listening_to
from tests.virtual_time import run_call_jumping
from tests.voice.callers import load_words
from tests.voice.ears import RATE_HZ, Failing, ToneEars
from tests.voice.fakes import ScriptedLLM, ScriptedSTT, ToneTTS, scripted_models
from tests.voice.running import start_call

SPOKEN = load_words()[: int(RATE_HZ * 1.1)]
REPLIES = ["Certainly.", "Of course.", "Gladly.", "By all means."]
QUESTION = "please book my doctor today"


def in_tones(text: str) -> Samples:
    """Behind a second of silence: a voice detector has to know what that is like."""
    return np.concatenate([silence(1000, RATE_HZ), encode(text, RATE_HZ)])


def models_with(*engines: stt.STT, voice: ToneTTS | None = None) -> Models:
    """A call's models, its recognisers in their order."""
    models = scripted_models([], REPLIES, voice=voice)
    ears = tuple(
        replace(models.stt[0], engine=engine, model=_named(models.stt[0].model, f"ears-{place}"))
        for place, engine in enumerate(engines)
    )
    return replace(models, stt=ears)


def _named(model: Model, model_id: str) -> Model:
    return replace(model, id=model_id)


class MultilingualSTT(ScriptedSTT):
    """Reports Hindi for what is written so, English for all else."""

    def language_of(self, text: str) -> str:
        return "hi-IN" if "ऀ" <= text[:1] <= "ॿ" else "en-IN"


@dataclass
class MultilingualTTS(ToneTTS):
    """Keeps in which language each piece was said."""

    languages: tuple[str, ...] = ("en-IN", "hi-IN")
    language: str = "en-IN"
    said_in: list[tuple[str, str]] = field(default_factory=list)

    __hash__ = object.__hash__

    def set_language(self, language: str) -> bool:
        if language not in self.languages:
            return False
        self.language = language
        return True

    def synthesize(self, text, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        self.said_in.append((text, self.language))
        return super().synthesize(text, conn_options=conn_options)


def notes_of(models: Models) -> list[str]:
    """The last system message that the model was given with each question, where it tells a
    language."""
    engine = models.llm[0].engine
    assert isinstance(engine, ScriptedLLM)
    told = []
    for context in engine.asked:
        texts = [
            item.text_content or ""
            for item in context.items
            if isinstance(item, llm.ChatMessage) and item.role == "system"
        ]
        told.append(next((text for text in texts if text.startswith("Answer in")), ""))
    return told


async def test_a_caller_is_answered_in_the_language_they_speak() -> None:
    said = ["when are you open", "मुझे शनिवार को आना है", "हाँ", "and on sunday are you closed"]
    voice = MultilingualTTS()
    models = models_with(MultilingualSTT(said), voice=voice)
    call = start_call(models, greeting=None)
    for count in range(1, 5):
        await call.line.microphone.say(SPOKEN)
        await call.notes.until(lambda notes, count=count: len(notes.turns) == count)
    await call.hang_up()
    assert [turn.user_transcript for turn in call.notes.turns] == said
    assert [turn.language for turn in call.notes.turns] == ["en-IN", "hi-IN", "hi-IN", "en-IN"]
    spoken = dict(voice.said_in)
    answers = [turn.agent_response for turn in call.notes.turns]
    assert [spoken[answer] for answer in answers] == ["en-IN", "hi-IN", "hi-IN", "en-IN"]
    notes = notes_of(models)
    assert notes[0] == ""
    assert answer_in("hi-IN") in notes
    assert notes[-1] == answer_in("en-IN")


@pytest.mark.parametrize("socket", ["realtime", "classic"])
async def test_sarvam_tells_the_language_that_is_answered_in(socket: str) -> None:
    said = ["what time is the clinic open", "क्या आज डॉक्टर", "when is the doctor"]
    voice = MultilingualTTS()
    async with running_providers() as sims, listening_to(sims.sarvam_url, sockets=(socket,)) as one:
        call = start_call(models_with(one.engine, voice=voice), greeting=None)
        for count, words in enumerate(said, start=1):
            await call.line.microphone.say(in_tones(words))
            await call.notes.until(lambda notes, count=count: len(notes.turns) == count)
        await call.hang_up()
    assert [turn.user_transcript for turn in call.notes.turns] == said
    assert [turn.language for turn in call.notes.turns] == ["en-IN", "hi-IN", "en-IN"]
    spoken = dict(voice.said_in)
    answers = [turn.agent_response for turn in call.notes.turns]
    assert [spoken[answer] for answer in answers] == ["en-IN", "hi-IN", "en-IN"]


async def test_a_voice_that_does_not_speak_the_callers_language_keeps_its_own() -> None:
    voice = MultilingualTTS(languages=("en-IN",))
    models = models_with(MultilingualSTT(["मुझे शनिवार को आना है"]), voice=voice)
    call = start_call(models, greeting=None)
    await call.line.microphone.say(SPOKEN)
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    await call.hang_up()
    (turn,) = call.notes.turns
    assert turn.language == "hi-IN"
    assert dict(voice.said_in)[turn.agent_response] == "en-IN"
    assert notes_of(models)[-1] == answer_in("en-IN")


async def test_a_call_hears_on_when_its_recogniser_breaks_in_an_unheard_of_way() -> None:
    ears = ToneEars([Failing("odd_error", 1.5), Failing("end", 1.0)])
    call = start_call(models_with(ears), greeting=None)
    for count in (1, 2):
        await call.line.microphone.say(in_tones(QUESTION))
        await call.notes.until(lambda notes, count=count: len(notes.turns) == count)
    await call.hang_up()
    assert [turn.user_transcript for turn in call.notes.turns] == [QUESTION] * 2
    assert call.notes.turns[0].trace["stt"]["model"] == "ears-0"
    assert sum(turn.trace["stt"]["reconnects"] for turn in call.notes.turns) == 2
    assert ears.connections == 3


async def test_a_caller_whom_nobody_can_hear_is_told_so_and_the_call_ends() -> None:
    call = start_call(models_with(ToneEars([Failing("refuse")] * 999)), greeting=None)
    await call.line.microphone.say(in_tones(QUESTION))
    await call.task
    told = [turn.agent_response for turn in call.notes.turns]
    assert told == [UNHEARD["en"], GOODBYES["en"]]
    (end,) = call.notes.ends
    assert end.reason is EndReason.ERROR
    assert end.detail.startswith("speech recognition stays unavailable")


def test_a_caller_whose_words_are_late_is_asked_to_wait_once() -> None:
    run_call_jumping(_words_are_late())


async def _words_are_late() -> None:
    ears = ToneEars([Failing("stall", 2.3)] * 2, final_after_s=0.1)
    call = start_call(models_with(ears), greeting=None)
    await call.line.microphone.say(in_tones(f"{QUESTION} {QUESTION}"))
    await call.notes.until(lambda notes: any(turn.user_transcript for turn in notes.turns))
    await call.hang_up()
    asked, answered = call.notes.turns
    assert asked.user_transcript is None
    assert asked.agent_response.startswith("One moment")
    assert answered.user_transcript is not None
    assert QUESTION in answered.user_transcript
    assert "fillers" not in answered.trace
