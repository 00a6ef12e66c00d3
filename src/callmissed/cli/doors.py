"""The processes that `up` starts, each alone too, for more than one machine; and small helpers."""

from typing import TYPE_CHECKING

import typer

from callmissed.cli.faults import told_plainly

if TYPE_CHECKING:
    from callmissed.runtime.settings import Settings

SHOWN_SECRET = "(set)"  # noqa: S105


def add_to(app: typer.Typer) -> None:
    """Gives `app` the commands of this module."""
    for command in (api, jobs, worker, migrate, settings, version):
        app.command()(command)
    app.command(name="worker-child", hidden=True)(worker_child)


def api() -> None:
    """Serve the REST API, the web app and the documentation."""
    with told_plainly():
        loaded = _enter("api")
        from callmissed.api.serve import serve

        serve(loaded)


def jobs() -> None:
    """Run background jobs: deadlines, room clean-up."""
    with told_plainly():
        loaded = _enter("jobs")
        from callmissed.jobs.run import run

        run(loaded)


def worker() -> None:
    """Run calls: one parent and its call processes."""
    with told_plainly():
        loaded = _enter("worker")
        from callmissed.worker.parent import run

        run(loaded)


def worker_child() -> None:
    """One call process; its parent speaks to it over pipes."""
    with told_plainly():
        _enter("call")
        from callmissed.worker.child import main

        main()


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
