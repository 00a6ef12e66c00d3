"""What a caller lives through: greeted, answered, heard out, and listened to when they cut in."""

from livekit.agents import llm

from callmissed.domain.knowledge import Found, Passage, Retrieval
from callmissed.domain.lines import AgentState, Party
from callmissed.domain.prompts import APOLOGIES, parse_passages
from callmissed.domain.sessions import EndReason
from callmissed.providers import Models
from tests.voice.callers import load_words
from tests.voice.fakes import StreamingToneTTS, ToneTTS, scripted_models
from tests.voice.running import FixedDesk, start_call

ANSWER = "On Saturday, we are open from ten to four. On Sunday we are closed."
LONG_ANSWER = " ".join(["This sentence goes on for a good while without an end."] * 6)
WORDS = load_words()
BRIEFLY = WORDS[: int(16000 * 1.1)]


async def test_a_caller_is_greeted_and_answered() -> None:
    call = start_call(scripted_models(["when are you open on saturday"], [ANSWER]))
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    await call.line.microphone.say(WORDS)
    await call.notes.until(lambda notes: len(notes.turns) == 2)
    await call.hang_up()
    greeting, answer = call.notes.turns
    assert greeting.user_transcript is None
    assert greeting.agent_response == "Hello, how can I help?"
    assert greeting.first_audio_ms is None
    assert answer.user_transcript == "when are you open on saturday"
    assert answer.agent_response == answer.generated == ANSWER
    assert not answer.interrupted
    assert answer.stages.keys() == {
        "end_of_turn",
        "retrieval",
        "llm_first_token",
        "first_clause",
        "tts_first_audio",
        "transport_out",
    }
    assert sum(answer.stages.values()) == answer.first_audio_ms
    assert answer.total_ms is not None and answer.first_audio_ms is not None
    assert answer.total_ms > answer.first_audio_ms
    assert call.line.screen.finals(Party.CALLER) == ["when are you open on saturday"]
    assert call.line.screen.finals(Party.AGENT) == ["Hello, how can I help?", ANSWER]
    assert AgentState.SPEAKING in call.line.screen.states


async def test_an_agent_that_is_interrupted_stops_and_knows_what_was_heard() -> None:
    models = scripted_models(["tell me everything", "stop please"], [LONG_ANSWER, "Of course."])
    call = start_call(models, greeting=None)
    microphone, earpiece = call.line.microphone, call.line.earpiece
    await microphone.say(BRIEFLY)
    await call.line.screen.until_shown(Party.AGENT, "This sentence goes on")
    await microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 2)
    await call.hang_up()
    cut, reply = call.notes.turns
    assert cut.interrupted
    assert cut.generated == LONG_ANSWER
    assert LONG_ANSWER.startswith(cut.agent_response)
    assert "goes on" in cut.agent_response
    assert len(cut.agent_response) < len(LONG_ANSWER) / 2
    assert cut.stop_ms is not None
    assert earpiece.cleared_s
    assert call.line.screen.finals(Party.AGENT) == [cut.agent_response, "Of course."]
    assert reply.user_transcript == "stop please"
    assert _remembered(models) == [cut.agent_response]


async def test_the_model_is_given_what_the_documents_say() -> None:
    hours = Passage("clinic.md", "Hours", "Saturday from ten to four.")
    desk = FixedDesk(Retrieval((Found(hours, 3.0),), 1.0))
    models = scripted_models(["saturday hours"], ["From ten to four."])
    call = start_call(models, desk=desk, passages=(hours,), greeting=None)
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    await call.hang_up()
    asked = models.llm[0].engine.asked[-1]  # type: ignore[attr-defined]
    *_, passages, question = [item for item in asked.items if isinstance(item, llm.ChatMessage)]
    assert passages.role == "system"
    assert parse_passages(passages.text_content or "") == (hours,)
    assert question.text_content == "saturday hours"
    (turn,) = call.notes.turns
    assert [source.document for source in turn.sources] == ["clinic.md"]
    assert turn.retrieval_ms == 1


async def test_a_model_that_fails_or_says_nothing_is_apologised_for() -> None:
    models = scripted_models(["first", "second"], [None, "", "Never asked."])
    call = start_call(models, greeting=None)
    for count in (1, 2):
        await call.line.microphone.say(BRIEFLY)
        await call.notes.until(lambda notes, count=count: len(notes.turns) == count)
    await call.hang_up()
    assert [turn.agent_response for turn in call.notes.turns] == [APOLOGIES["en"]] * 2
    assert [turn.trace["failure"] for turn in call.notes.turns] == [
        "llm: APIConnectionError",
        "llm: NothingSaidError",
    ]


async def test_a_voice_that_fails_leaves_a_recorded_apology() -> None:
    voice = ToneTTS()
    call = start_call(scripted_models(["hello"], ["Hi there."], voice=voice))
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    voice.fails = True
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 2)
    await call.hang_up()
    turn = call.notes.turns[1]
    assert turn.agent_response == APOLOGIES["en"]
    assert turn.generated == "Hi there."
    assert turn.trace["failure"] == "tts: APIConnectionError"


async def test_an_answer_whose_voice_breaks_off_is_remembered_as_far_as_it_was_heard() -> None:
    voice = ToneTTS(fails_at="On Sunday")
    models = scripted_models(["when", "and then"], [ANSWER, "Bye."], voice=voice)
    call = start_call(models, greeting=None)
    for count in (1, 2):
        await call.line.microphone.say(BRIEFLY)
        await call.notes.until(lambda notes, count=count: len(notes.turns) == count)
    await call.hang_up()
    broken = call.notes.turns[0]
    heard = f"On Saturday, we are open from ten to four. {APOLOGIES['en']}"
    assert broken.agent_response == heard
    assert broken.generated == ANSWER
    assert _remembered(models) == [heard]
    assert call.notes.turns[1].agent_response == "Bye."


async def test_a_call_whose_answers_keep_failing_ends_as_an_error() -> None:
    models = scripted_models([f"question {n}" for n in range(4)], [None], voice=ToneTTS(fails=True))
    call = start_call(models, greeting=None)
    for count in range(1, 5):
        await call.line.microphone.say(BRIEFLY)
        await call.notes.until(lambda notes, count=count: len(notes.turns) == count)
    await call.task
    (end,) = call.notes.ends
    assert end.reason is EndReason.ERROR
    assert "4 answers in a row failed" in end.detail
    assert [turn.agent_response for turn in call.notes.turns] == [""] * 4


async def test_a_caller_who_goes_on_before_the_answer_is_recorded_with_both_turns() -> None:
    models = scripted_models(["first i want", "then this"], ["-", "All right."], first_token_s=1.0)
    models.llm[0].engine.replies = ["Never heard.", "All right."]  # type: ignore[attr-defined]
    call = start_call(models, greeting=None)
    await call.line.microphone.say(BRIEFLY)
    await call.line.screen.until_state(AgentState.THINKING)
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 2)
    await call.hang_up()
    first, second = call.notes.turns
    assert first.user_transcript == "first i want"
    assert first.agent_response == ""
    assert first.interrupted
    assert first.first_audio_ms is None
    assert second.user_transcript == "then this"
    assert second.agent_response == "All right."
    assert not second.interrupted


async def test_a_voice_that_streams_is_given_the_first_clause_first() -> None:
    voice = StreamingToneTTS()
    call = start_call(scripted_models(["when"], [ANSWER], voice=voice), greeting=None)
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    await call.hang_up()
    (turn,) = call.notes.turns
    assert turn.agent_response == ANSWER
    assert voice.pieces[-3:] == [
        "On Saturday,",
        "we are open from ten to four.",
        "On Sunday we are closed.",
    ]
    assert sum(turn.stages.values()) == turn.first_audio_ms


async def test_numbers_are_spoken_as_people_say_them_and_kept_as_written() -> None:
    voice = ToneTTS()
    answer = "The blood test costs ₹1,350 in all."
    call = start_call(scripted_models(["how much"], [answer], voice=voice), greeting=None)
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    await call.hang_up()
    (turn,) = call.notes.turns
    assert turn.agent_response == answer
    assert "one thousand three hundred and fifty rupees" in voice.said[-1]


async def test_markdown_is_not_spoken() -> None:
    voice = ToneTTS()
    call = start_call(scripted_models(["hi"], ["**Yes**, we `are` open 🎉."], voice=voice))
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 2)
    await call.hang_up()
    turn = call.notes.turns[1]
    assert "*" not in turn.agent_response
    assert "🎉" not in turn.agent_response
    assert turn.generated == "**Yes**, we `are` open 🎉."


def _remembered(models: Models) -> list[str]:
    """What the model, asked last, was told that it had said before."""
    asked = models.llm[0].engine.asked[-1]  # type: ignore[attr-defined]
    return [
        item.text_content.strip()
        for item in asked.items
        if isinstance(item, llm.ChatMessage) and item.role == "assistant" and item.text_content
    ]
