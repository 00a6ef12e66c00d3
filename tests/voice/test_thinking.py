"""An answer is whole or it fails: whichever model it comes from, wherever one broke off."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.agents import NOT_GIVEN, APIConnectionError, APIError, llm

from callmissed.domain.models import Service
from callmissed.kit.breaker import BreakerState
from callmissed.voice.candidates import CIRCUIT_OPEN, Choices, Fallback
from callmissed.voice.continuing import Continuation, WholeWords
from callmissed.voice.marks import ends_clause
from callmissed.voice.thinking import Mind
from tests.voice.faulty import EARLY, FAULTS, FINE, Fault, Plan, PlannedLLM, minds

REPLY = (
    "On Saturday we are open from ten to four. On Sunday we are closed, but you can leave a message"
)
BRIEF_S = 0.3


def question() -> llm.ChatContext:
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="You answer.")
    context.add_message(role="user", content="when are you open")
    return context


async def think(*engines: PlannedLLM) -> tuple[str, list[Fallback], list[str]]:
    choices = Choices()
    models: list[str] = []
    mind = Mind(minds(*engines), first_token_s=BRIEF_S, next_token_s=BRIEF_S)
    parts = mind.answer(question(), [], NOT_GIVEN, choices, models.append)
    text = "".join([part async for part in parts if isinstance(part, str)])
    return " ".join(text.split()), choices.fallbacks, models


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("repeats", [0, 1, 3, None])
async def test_an_answer_is_whole_whatever_fails(fault: Fault, repeats: int | None) -> None:
    dice = random.Random(f"{fault} {repeats}")
    for after_words in dice.sample(range(1, len(REPLY.split())), 4):
        first = PlannedLLM(REPLY, [Plan(fault, after_words)], name="first")
        spare = PlannedLLM(REPLY, name="spare", repeats=repeats)
        text, (fallback,), models = await think(first, spare)
        assert text == REPLY
        assert fallback.model_id == "first"
        assert fallback.after_output == (fault not in EARLY)
        assert models[-1] == "spare"


async def test_an_answer_survives_one_failure_after_the_other() -> None:
    engines = [
        PlannedLLM(REPLY, [Plan("stall", 3)], name="a"),
        PlannedLLM(REPLY, [Plan("hang")], name="b"),
        PlannedLLM(REPLY, [Plan("break", 2)], name="c", repeats=2),
        PlannedLLM(REPLY, name="d", repeats=None),
    ]
    text, fallbacks, models = await think(*engines)
    assert text == REPLY
    assert [one.model_id for one in fallbacks] == ["a", "b", "c"]
    assert models == ["a", "c", "d"]


async def test_the_next_model_is_told_what_was_said() -> None:
    spare = PlannedLLM(REPLY, name="spare")
    await think(PlannedLLM(REPLY, [Plan("break", 4)], name="first"), spare)
    *_, said, wish = [item for item in spare.asked[0].items if isinstance(item, llm.ChatMessage)]
    assert (said.role, said.text_content) == ("assistant", "On Saturday we are")
    assert wish.role == "system"


async def test_without_a_spare_what_was_said_stands_and_the_failure_is_told() -> None:
    first = PlannedLLM(REPLY, [Plan("break", 4)])
    mind = Mind(minds(first), first_token_s=BRIEF_S, next_token_s=BRIEF_S)
    parts = mind.answer(question(), [], NOT_GIVEN, Choices(), lambda _: None)
    assert "".join([str(await anext(parts)) for _ in range(4)]) == "On Saturday we are "
    with pytest.raises(APIConnectionError):
        await anext(parts)


async def test_the_only_model_is_asked_again_where_that_is_worth_it() -> None:
    hiccup = PlannedLLM(REPLY, [Plan("status"), FINE])
    text, fallbacks, _ = await think(hiccup)
    assert text == REPLY
    assert fallbacks == [Fallback(Service.LLM, "mind", "planned", "APIStatusError 503", False)]


async def test_the_only_model_is_asked_twice_at_most() -> None:
    broken = PlannedLLM(REPLY, [Plan("status")])
    with pytest.raises(APIError):
        await think(broken)
    assert len(broken.asked) == 2


async def test_a_model_that_keeps_failing_is_not_asked_for_a_while() -> None:
    first = PlannedLLM(REPLY, [Plan("refuse")], name="first")
    spare = PlannedLLM(REPLY, name="spare")
    candidates = minds(first, spare)
    mind = Mind(candidates, first_token_s=BRIEF_S, next_token_s=BRIEF_S)
    for _ in range(4):
        choices = Choices()
        answer = mind.answer(question(), [], NOT_GIVEN, choices, lambda _: None)
        assert [part async for part in answer]
    assert candidates[0].breaker.state is BreakerState.OPEN
    assert len(first.asked) == 3
    assert choices.fallbacks == [Fallback(Service.LLM, "first", "planned", CIRCUIT_OPEN, False)]


words = st.lists(st.sampled_from(["we", "are", "open", "on", "Monday", "the", "red"]), max_size=12)


@given(words, words, st.integers(1, 4))
def test_a_text_in_pieces_comes_out_in_whole_words(
    one: list[str], other: list[str], step: int
) -> None:
    text = " ".join(one + other)
    passed = WholeWords()
    parts = [passed.push(text[start : start + step]) for start in range(0, len(text), step)]
    assert all(part == "" or part[-1].isspace() or ends_clause(part) for part in parts)
    assert "".join(parts) + passed.flush() == text


def test_a_clause_is_passed_on_with_its_mark() -> None:
    passed = WholeWords()
    assert [passed.push(text) for text in ("Su", "re,", " it is 1,", "000.")] == [
        "",
        "Sure,",
        " it is ",
        "",
    ]


@given(st.permutations([f"w{n}" for n in range(12)]), st.data())
def test_no_word_is_lost_or_doubled_where_a_text_goes_on(
    reply: list[str], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(reply)))
    begins = data.draw(st.integers(0, cut))
    continuation = Continuation(" ".join(reply[:cut]))
    new = "".join(continuation.push(f"{word} ") for word in reply[begins:]) + continuation.flush()
    assert reply[:cut] + new.split() == reply
