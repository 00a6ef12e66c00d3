"""How far the queues are behind is read from the database, the queues without jobs included."""

from callmissed.jobs.app import build_app
from callmissed.jobs.gauges import QueueMetrics
from callmissed.runtime.metrics import Board
from callmissed.store.jobs import defer
from tests.jobs.test_jobs import a_house


async def test_what_waits_is_shown_by_queue_with_its_age(postgres_url: str) -> None:
    board = Board("jobs")
    queues = QueueMetrics(board)

    def read(name: str, queue: str) -> float | None:
        return board.registry.get_sample_value(f"callmissed_jobs_{name}", {"queue": queue})

    async with a_house(postgres_url) as house:
        app = build_app(house)
        async with app.open_async():
            async with house.database.system() as db:
                for number in range(3):
                    await defer(db, "no_such_task", queue="test", number=number)
            await queues.look(app)
            assert read("waiting", "test") == 3
            assert (read("lag_seconds", "test") or 0) > 0
            assert read("waiting", "sweeps") == 0
            assert read("lag_seconds", "sweeps") == 0
