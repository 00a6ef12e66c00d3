"""`/health`: is this process alive, and would a call made now be answered."""

from typing import Literal

from fastapi import Response, status
from pydantic import BaseModel, Field

from callmissed.api.routes import CurrentHouse, guarded_router
from callmissed.domain.errors import Refusal
from callmissed.domain.workers import Capacity
from callmissed.runtime.house import House
from callmissed.services.workers import look

NOTHING = Capacity(workers=0, slots=0, free_slots=0, lag_ms=0.0)

router = guarded_router("health")


class LiveOut(BaseModel):
    status: Literal["ok"]


class ReadyOut(BaseModel):
    """`missing` says what keeps a call from being answered, and what to look at. `busy`: a call made
    now is refused until another ends or the workers are in time again.
    """

    status: Literal["ok", "busy", "unavailable"]
    missing: list[str] = Field(description="Empty when ready.")
    slots: int = Field(description="Calls that the living workers hold at most.")
    free_slots: int = Field(description="Calls that they take now.")
    lag_ms: float = Field(description="How late the slowest call process was, in ms.")


@router.get("/health/live", operation_id="health_live")
async def show_live() -> LiveOut:
    """The process answers."""
    return LiveOut(status="ok")


@router.get(
    "/health/ready",
    operation_id="health_ready",
    responses={503: {"model": ReadyOut, "description": "A call would not be answered now."}},
)
async def show_ready(house: CurrentHouse, response: Response) -> ReadyOut:
    """The database answers and a worker is there. A busy one is ready: its API still serves."""
    capacity, missing = await _look(house)
    if missing:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        response.headers["Retry-After"] = "1"
    able: Literal["ok", "busy"] = "ok" if capacity.free_slots else "busy"
    return ReadyOut(
        status="unavailable" if missing else able,
        missing=missing,
        slots=capacity.slots,
        free_slots=capacity.free_slots,
        lag_ms=capacity.lag_ms,
    )


async def _look(house: House) -> tuple[Capacity, list[str]]:
    """What the workers could take, and what is missing."""
    try:
        async with house.database.system() as db:
            capacity = await look(db)
    except Refusal:
        return NOTHING, ["database: it does not answer in time"]
    if capacity.workers:
        return capacity, []
    return NOTHING, ["worker: none has sent a heartbeat; start `callmissed worker`"]
