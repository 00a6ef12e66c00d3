"""The front gate: `callmissed …` and `python -m callmissed …`. The doors are strangers to each other; here they meet.

Each door is imported when it is opened, so that a command costs only what it needs.
"""

from typing import TYPE_CHECKING

from callmissed.cli.app import run_commands
from callmissed.cli.doors import Doors

if TYPE_CHECKING:
    from callmissed.runtime.settings import Settings


def main() -> None:
    run_commands(
        Doors(
            serve_api,
            run_jobs,
            run_worker,
            run_call_process,
            simulate_providers,
            run_sample_service,
        ),
    )


def serve_api(settings: "Settings") -> None:
    from callmissed.api.serve import serve

    serve(settings)


def run_jobs(settings: "Settings") -> None:
    from callmissed.jobs.run import run

    run(settings)


def run_worker(settings: "Settings") -> None:
    from callmissed.worker.parent import run

    run(settings)


def run_call_process() -> None:
    from callmissed.worker.child import main as run_calls

    run_calls()


def run_sample_service(host: str, port: int) -> None:
    from callmissed.dev.service import run

    run(host, port)


def simulate_providers(host: str, port: int) -> None:
    from callmissed.dev.run import run

    run(host, port)


if __name__ == "__main__":
    main()
