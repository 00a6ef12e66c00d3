"""The processes that `up` starts, each alone too, for more than one machine; and small helpers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from callmissed.cli.faults import told_plainly
from callmissed.cli.within import DataDir, run_within

if TYPE_CHECKING:
    from callmissed.runtime.house import House
    from callmissed.runtime.settings import Settings

SHOWN_SECRET = "(set)"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Doors:
    """What the front gate opens: each runs until it is told to stop."""

    serve_api: "Callable[[Settings], None]"
    run_jobs: "Callable[[Settings], None]"
    run_worker: "Callable[[Settings], None]"
    run_call_process: "Callable[[], None]"
    simulate_providers: "Callable[[str, int], None]"
    run_sample_service: "Callable[[str, int], None]"


def add_to(app: typer.Typer, doors: Doors) -> None:
    """Gives `app` the commands of this module."""

    @app.command()
    def api() -> None:
        """Serve the REST API, the web app and the documentation."""
        with told_plainly():
            doors.serve_api(_enter("api"))

    @app.command()
    def jobs() -> None:
        """Run background jobs: deadlines, room clean-up."""
        with told_plainly():
            doors.run_jobs(_enter("jobs"))

    worker = typer.Typer(
        help="Run calls: one parent and its call processes.", invoke_without_command=True
    )

    @worker.callback()
    def run_worker(context: typer.Context) -> None:
        """Run calls: one parent and its call processes."""
        if context.invoked_subcommand is None:
            with told_plainly():
                doors.run_worker(_enter("worker"))

    worker.command()(drain)
    app.add_typer(worker, name="worker")

    @app.command(name="worker-child", hidden=True)
    def worker_child() -> None:
        """One call process; its parent speaks to it over pipes."""
        with told_plainly():
            _enter("call")
            doors.run_call_process()

    for command in (migrate, settings, version):
        app.command()(command)


def drain(
    host: Annotated[
        str | None, typer.Option(help="The workers on this host only, by its name; else all.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Have workers take no more calls and leave after their last; prints how many were asked."""
    from callmissed.services.workers import ask_to_drain

    async def ask(house: "House") -> int:
        async with house.database.system() as db:
            return await ask_to_drain(db, host)

    typer.echo(f"{run_within(ask, data_dir)} asked to drain")


def migrate() -> None:
    """Bring the database's schema up to date."""
    with told_plainly():
        loaded = _enter("migrate")
        from callmissed.runtime.house import migrate as migrate_database

        migrate_database(loaded)


def settings() -> None:
    """List every setting with the value in force; secrets are not shown."""
    import os

    from callmissed.runtime.settings import describe_settings

    for row in describe_settings():
        value = os.environ.get(row.name, "")
        shown = (SHOWN_SECRET if row.secret else value) if value else f"default: {row.default}"
        typer.echo(f"{row.name} = {shown}\n    {row.description} Form: {row.form}.")


def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed_version

    typer.echo(installed_version("callmissed"))


def _enter(process: str) -> "Settings":
    from callmissed.runtime.logs import configure_logs
    from callmissed.runtime.settings import load_settings

    loaded = load_settings()
    configure_logs(process, loaded.log_level)
    return loaded
