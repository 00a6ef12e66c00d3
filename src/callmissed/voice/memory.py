"""What the agent remembers of earlier runs of its call."""

from collections.abc import Sequence

from livekit.agents import llm

from callmissed.domain.calls import Exchange


def memory_of(history: Sequence[Exchange]) -> llm.ChatContext:
    """The caller's words and what they heard, oldest first; nothing of what was not heard."""
    memory = llm.ChatContext.empty()
    for exchange in history:
        if exchange.caller:
            memory.add_message(role="user", content=exchange.caller)
        if exchange.agent:
            memory.add_message(role="assistant", content=exchange.agent)
    return memory
