"""`/health`: is this process alive, and would a call made now be answered."""

from typing import Literal

from fastapi import Response, status
from pydantic import BaseModel, Field

from callmissed.api.routes import CurrentHouse, guarded_router
from callmissed.domain.errors import Refusal
from callmissed.runtime.house import House
from callmissed.services.workers import count_live

router = guarded_router("health")


class LiveOut(BaseModel):
    status: Literal["ok"]


class ReadyOut(BaseModel):
    """`missing` says what keeps a call from being answered, and what to look at."""

    status: Literal["ok", "unavailable"]
    missing: list[str] = Field(description="Empty when ready.")


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
    """The database answers and a worker is there."""
    missing = await _find_missing(house)
    if missing:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        response.headers["Retry-After"] = "1"
    return ReadyOut(status="unavailable" if missing else "ok", missing=missing)


async def _find_missing(house: House) -> list[str]:
    try:
        async with house.database.system() as db:
            workers = await count_live(db)
    except Refusal:
        return ["database: it does not answer in time"]
    return [] if workers else ["worker: none has sent a heartbeat; start `callmissed worker`"]
