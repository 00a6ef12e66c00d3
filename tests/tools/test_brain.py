"""How a model's tools are run between its words."""

import asyncio

from livekit.agents import llm

from callmissed.domain.tools import (
    MAX_CALLS_OF_TURN,
    MAX_ROUNDS,
    ToolCall,
    ToolOutcome,
    ToolResult,
    ToolType,
    ToolUse,
)
from callmissed.services.built_in_tools import built_in_terms
from callmissed.voice.answers import Answer
from tests.tools.minds import CallingLLM, a_brain, ask
from tests.voice.running import FixedDesk

END = built_in_terms(ToolUse(ToolType.END_CALL))


class Counting:
    """Answers every tool with its number."""

    def __init__(self) -> None:
        self.calls: list[ToolCall] = []

    async def run_tool(self, call: ToolCall) -> ToolResult:
        self.calls.append(call)
        ends = call.name == "end_call"
        return ToolResult(ToolOutcome.DONE, f"result {len(self.calls)}", ends_call=ends)


async def test_a_result_is_told_to_the_model_and_words_go_on() -> None:
    tools = Counting()
    model = CallingLLM(["Let me look.", ("look_up", '{"id": 1}')], ["It is ready."])
    brain = a_brain(model, FixedDesk(tools=tools), [END])
    answer = await ask(brain)
    assert answer.generated == "Let me look. It is ready."
    assert [(used.call.name, used.result.text) for used in answer.tools] == [
        ("look_up", "result 1")
    ]
    *_, said, asked, told = model.asked[1].items
    assert isinstance(said, llm.ChatMessage) and said.text_content == "Let me look."
    assert isinstance(asked, llm.FunctionCall) and asked.arguments == '{"id": 1}'
    assert isinstance(told, llm.FunctionCallOutput) and told.output == "result 1"
    await ask(brain, "And now?")
    notes = [item.text_content for item in model.asked[2].items if item.role == "system"]
    assert "look_up: result 1" in (notes[0] or "")


async def test_a_guess_runs_no_tool() -> None:
    tools = Counting()
    brain = a_brain(CallingLLM([("look_up", "{}")], ["Done."]), FixedDesk(tools=tools), [END])
    context = llm.ChatContext.empty()
    context.add_message(role="user", content="Hello")
    answer = Answer()

    async def read() -> None:
        async for _ in brain.answer(context, answer):
            pass

    reading = asyncio.create_task(read())
    done, _ = await asyncio.wait([reading], timeout=0.3)
    assert not done and tools.calls == []
    reading.cancel()
    await asyncio.wait([reading])
    assert tools.calls == []


async def test_rounds_and_calls_of_a_turn_are_bounded() -> None:
    tools = Counting()
    model = CallingLLM([("again", "{}")] * 5)
    answer = await ask(a_brain(model, FixedDesk(tools=tools), [END]))
    assert len(model.asked) == MAX_ROUNDS + 1
    assert model.offered[-1] == []
    assert len(tools.calls) == MAX_CALLS_OF_TURN == len(answer.tools)
    assert answer.owes_apology


async def test_the_call_ends_behind_the_last_words() -> None:
    said_first = CallingLLM(["Goodbye!", ("end_call", "{}")], ["Never asked."])
    answer = await ask(a_brain(said_first, FixedDesk(tools=Counting()), [END]))
    assert (answer.generated, answer.ends_call) == ("Goodbye!", True)
    said_last = CallingLLM([("end_call", "{}")], ["Goodbye then."])
    answer = await ask(a_brain(said_last, FixedDesk(tools=Counting()), [END]))
    assert (answer.generated, answer.ends_call, answer.failure) == ("Goodbye then.", True, "")
