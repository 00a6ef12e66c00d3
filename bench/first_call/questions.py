"""Ten questions about the sample document and three that it cannot answer, in three voices.

`python -m bench.first_call.questions` prints each with what was understood and answered, then the
two scores. An answer counts when the transcript of the ended call holds its facts.
"""

import asyncio
from dataclasses import dataclass
from itertools import pairwise

from callmissed.providers.local.smalltalk import UNKNOWN
from tests.e2e.caller import Customer, Json, ask, calling, hear_greeting, open_customer
from tests.servers import running_installation, short_folder
from tests.speech.recordings import VOICES, Spoken, spoken_questions
from tests.transports.room_callers import RoomCaller


@dataclass(frozen=True, slots=True)
class Answered:
    question: Spoken
    understood: str
    answer: str

    @property
    def is_right(self) -> bool:
        if not self.question.facts:
            return UNKNOWN in self.answer
        return self.question.is_told_by(self.answer)


async def main() -> None:
    with short_folder() as folder, running_installation(folder) as installation:
        async with open_customer(installation) as customer:
            for group, name in (("main", "right"), ("unknown", "honestly not known")):
                answered = [
                    one for voice in VOICES for one in await _ask_all(customer, group, voice)
                ]
                for one in answered:
                    _show(one)
                right = sum(one.is_right for one in answered)
                print(f"{right} of {len(answered)} {name}\n", flush=True)


async def _ask_all(customer: Customer, group: str, voice: str) -> list[Answered]:
    """One call: every question of the group in one voice. Its transcript decides."""
    questions = [question for question in spoken_questions(group) if question.voice == voice]
    bounds = [1]
    session = await customer.open_session(max_duration_seconds=3600)
    async with calling(session) as caller:
        await hear_greeting(caller)
        for question in questions:
            bounds.append(await _turns_after(customer, session["id"], caller, question, bounds[-1]))
    await customer.end_of(session["id"])
    turns = await customer.turns(session["id"])
    return [
        _answered(question, turns[begin:end])
        for question, (begin, end) in zip(questions, pairwise(bounds), strict=True)
    ]


def _answered(question: Spoken, turns: list[Json]) -> Answered:
    return Answered(
        question,
        understood=" / ".join(turn["user_transcript"] or "" for turn in turns),
        answer=" / ".join(turn["agent_response"] for turn in turns),
    )


async def _turns_after(
    customer: Customer, session_id: str, caller: RoomCaller, question: Spoken, before: int
) -> int:
    """How many turns the transcript has when the question was answered; `before` if it never is."""
    try:
        await ask(caller, question)
        session = await customer.until(session_id, lambda one: one["turn_count"] > before)
    except TimeoutError:
        return before
    return int(session["turn_count"])


def _show(one: Answered) -> None:
    mark = "ok   " if one.is_right else "WRONG"
    print(f"{mark} {one.question.voice}  {one.question.text}")
    print(f"      understood: {one.understood}\n      answered:   {one.answer}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
