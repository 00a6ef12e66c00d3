"""Tools in a call with sound: what the caller hears, what the transcript keeps."""

import asyncio
from dataclasses import replace

from callmissed.domain.prompts import FILLERS
from callmissed.domain.sessions import EndReason
from callmissed.domain.tools import ToolCall, ToolOutcome, ToolResult, ToolType, ToolUse
from callmissed.providers import Models
from callmissed.services.built_in_tools import built_in_terms
from tests.tools.minds import CallingLLM
from tests.voice.callers import load_words
from tests.voice.fakes import scripted_models
from tests.voice.running import FixedDesk, start_call

END = built_in_terms(ToolUse(ToolType.END_CALL))
BRIEFLY = load_words()[: int(16000 * 1.1)]


class Slow:
    """Takes longer than a caller likes to wait."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def run_tool(self, call: ToolCall) -> ToolResult:
        await asyncio.sleep(self._seconds)
        return ToolResult(ToolOutcome.DONE, "ready", ends_call=call.name == "end_call")


def models_with(model: CallingLLM) -> Models:
    models = scripted_models(["is my order ready"], [""])
    return replace(models, llm=(replace(models.llm[0], engine=model),))


async def test_a_slow_tool_is_covered_by_words_and_kept_in_the_turn() -> None:
    model = CallingLLM([("look_up", '{"id": "7"}')], ["Your order is ready."])
    desk = FixedDesk(tools=Slow(7.0))
    call = start_call(models_with(model), desk=desk, greeting=None, tools=(END,))
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 1, within_s=30)
    await call.hang_up()
    (turn,) = call.notes.turns
    assert turn.generated == "Your order is ready."
    assert turn.agent_response.startswith(FILLERS["en"][0])
    assert turn.agent_response.endswith("Your order is ready.")
    assert "failure" not in turn.trace
    (used,) = turn.trace["tools"]
    assert (used["tool"], used["arguments"]) == ("look_up", '{"id": "7"}')
    assert (used["outcome"], used["result"]) == ("done", "ready")


async def test_an_agent_that_ends_the_call_is_heard_out() -> None:
    model = CallingLLM([("end_call", "{}")], ["Goodbye, have a nice day."])
    desk = FixedDesk(tools=Slow(0.0))
    call = start_call(models_with(model), desk=desk, greeting=None, tools=(END,))
    await call.line.microphone.say(BRIEFLY)
    await call.task
    (turn,), (end,) = call.notes.turns, call.notes.ends
    assert turn.agent_response == "Goodbye, have a nice day."
    assert end.reason is EndReason.AGENT_ENDED
