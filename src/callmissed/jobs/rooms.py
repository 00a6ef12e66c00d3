"""Rooms of ended calls are closed, so that no token opens them again."""

from procrastinate import App, RetryStrategy

from callmissed.domain.errors import Refusal
from callmissed.runtime.house import House
from callmissed.services.sessions import DELETE_ROOM, ROOMS_QUEUE

# After 2, 4, 8 … 256 s; by then the room has long closed for want of a caller.
RETRIES = RetryStrategy(max_attempts=8, exponential_wait=2, retry_exceptions={Refusal})


def register_rooms(app: App, house: House) -> None:
    @app.task(name=DELETE_ROOM, queue=ROOMS_QUEUE, retry=RETRIES)
    async def delete_room(room: str) -> None:
        await house.rooms.delete_room(room)
