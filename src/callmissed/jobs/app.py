"""The application of background jobs: its connection, its tasks, what runs by the clock."""

from procrastinate import App, PsycopgConnector

from callmissed.jobs.deletions import register_deletions
from callmissed.jobs.documents import register_documents
from callmissed.jobs.mails import register_mails
from callmissed.jobs.rooms import register_rooms
from callmissed.jobs.stalled import register_stalled
from callmissed.jobs.sweeps import register_sweeps
from callmissed.runtime.house import House

CONNECTIONS = 5
CONNECT_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 10.0


def build_app(house: House) -> App:
    """Nothing is connected before it is opened."""
    connector = PsycopgConnector(
        conninfo=house.database.address,
        min_size=1,
        max_size=CONNECTIONS,
        timeout=CONNECT_TIMEOUT_S,
        kwargs={
            "options": f"-c search_path=jobs -c statement_timeout={STATEMENT_TIMEOUT_S * 1000:.0f}",
            "application_name": "callmissed-jobs",
        },
    )
    app = App(connector=connector)
    register_rooms(app, house)
    register_mails(app, house)
    register_sweeps(app, house)
    register_stalled(app)
    register_deletions(app, house)
    register_documents(app, house)
    return app
