"""How long each stage of a turn may take, and what took longer."""

from collections.abc import Mapping

STAGES = (
    "end_of_turn",
    "retrieval",
    "llm_first_token",
    "first_clause",
    "tts_first_audio",
    "transport_out",
)
"""From the caller's last sound to the agent's first, one behind the other."""

FIRST_AUDIO = "first_audio"
"""All stages together."""

DECIDING_MS = 100
"""What the end of a turn may take beyond the silence that is waited for."""

USUAL_MS = {
    "retrieval": 10,
    "llm_first_token": 250,
    "first_clause": 80,
    "tts_first_audio": 130,
    "transport_out": 20,
}

MAX_BUDGET_MS = 60_000


def fill_budgets(own: Mapping[str, int], wait_s: float) -> dict[str, int]:
    """The budget of every stage in ms: a bot's own, else the usual one.

    `wait_s` is the silence after which a turn may be over. With 0.25 and 0.3 s (`quick`,
    `balanced`) the usual ones add up to 840 and 890 ms.
    """
    usual = {"end_of_turn": round(wait_s * 1000) + DECIDING_MS, **USUAL_MS}
    return {stage: own.get(stage, usual[stage]) for stage in STAGES}


def find_over_budget(stages: Mapping[str, int], budgets: Mapping[str, int]) -> dict[str, int]:
    """The budget in ms of each stage that took longer, and of `first_audio` where the whole turn
    did. A turn is over its budget where `first_audio` is in it: a slow stage that others made up
    for was waited for by nobody.
    """
    over = {
        stage: budgets[stage]
        for stage, took_ms in stages.items()
        if stage in budgets and took_ms > budgets[stage]
    }
    if budgets and sum(stages.values()) > (whole_ms := sum(budgets.values())):
        over[FIRST_AUDIO] = whole_ms
    return over
