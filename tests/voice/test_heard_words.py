"""A reply is cut at every one of its words: transcript, captions and the model's memory agree with
what the caller heard.
"""

from collections.abc import Sequence

import numpy as np
import pytest
from livekit.agents import llm, tts

from callmissed.domain.lines import AgentState, Party
from callmissed.kit.pcm import silence
from callmissed.providers import Models
from tests.virtual_time import run_call_jumping
from tests.voice.callers import RATE_HZ, Earpiece, load_words
from tests.voice.fakes import scripted_models
from tests.voice.faulty import PlannedTTS, sound_s
from tests.voice.running import RunningCall, start_call

BRIEFLY = load_words()[: int(RATE_HZ * 1.1)]
REPLY = (
    "Certainly, I can look that up for you right now. On Saturday the clinic is open from ten to "
    "four, and on Sunday it remains closed. Shall I book it?"
)
REPLIES = {
    "english": REPLY,
    "hindi": "जी हाँ, मैं अभी देखती हूँ। शनिवार को क्लिनिक दस से चार बजे तक खुला रहता है, रविवार को बंद।",
}


async def cut_in(reply: str, after_s: float, voice: tts.TTS) -> tuple[RunningCall, Models]:
    """The caller speaks so long after the reply's first sound, and says something after it."""
    models = scripted_models(["tell me", "stop it now"], [reply, "Of course."], voice=voice)
    call = start_call(models, greeting=None)
    await call.line.microphone.say(BRIEFLY)
    await call.line.screen.until_state(AgentState.SPEAKING)
    await call.line.microphone.say(
        np.concatenate([silence(round(after_s * 1000), RATE_HZ), BRIEFLY])
    )
    await call.notes.until(lambda notes: len(notes.turns) == 2, within_s=30.0)
    await call.hang_up()
    return call, models


def played_s(earpiece: Earpiece, until_s: float) -> float:
    """How much sound left for the caller before `until_s`: what lay in the queue when it was cleared
    did not."""
    events: list[tuple[float, float]] = [
        (at_s, len(pcm) / earpiece.rate_hz) for at_s, pcm in earpiece.handed
    ]
    events += [(at_s, 0.0) for at_s in earpiece.cleared_s]
    total_s = dry_s = 0.0
    for at_s, lasts_s in sorted(events):
        if at_s > until_s:
            break
        if lasts_s:
            dry_s = max(dry_s, at_s) + lasts_s
            total_s += lasts_s
        elif dry_s > at_s:
            total_s -= dry_s - at_s
            dry_s = at_s
    return total_s


def words_in(reply: str, heard_s: float) -> int:
    """Of how many words at least half was played."""
    count, ends_s = 0, 0.0
    for word in reply.split():
        lasts_s = sound_s(word)
        count += ends_s + lasts_s / 2 <= heard_s
        ends_s += lasts_s
    return count


def remembered(models: Models) -> Sequence[str]:
    asked = models.llm[0].engine.asked[-1]  # type: ignore[attr-defined]
    messages = [item for item in asked.items if isinstance(item, llm.ChatMessage)]
    said = [one.text_content or "" for one in messages if one.role == "assistant"]
    return [text.strip() for text in said if text.strip()]


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_cut_at_every_word_is_known_as_it_was_heard(name: str) -> None:
    reply = REPLIES[name]
    starts_s, counts = 0.0, set()
    for word in reply.split()[:-1]:
        call, models = run_call_jumping(cut_in(reply, starts_s, PlannedTTS()))
        starts_s += sound_s(word)
        cut = call.notes.turns[0]
        if not cut.interrupted:
            continue
        heard = words_in(reply, played_s(call.line.earpiece, call.line.earpiece.cleared_s[0]))
        known = len(cut.agent_response.split())
        assert reply.startswith(cut.agent_response)
        assert abs(known - heard) <= 1, (cut.agent_response, heard)
        shown = call.line.screen.finals(Party.AGENT)
        assert shown[:-1] == remembered(models) == ([cut.agent_response] if known else [])
        counts.add(known)
    assert len(counts) >= len(reply.split()) * 0.6
