"""`callmissed`: all commands."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from callmissed.cli import dev, keys, people, tenants
from callmissed.cli.doors import Doors, add_to
from callmissed.cli.faults import INTERRUPTED_CODE
from callmissed.cli.up import start_all

app = typer.Typer(
    name="callmissed",
    help="Voice agents on the web and on the phone, self-hosted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(keys.app, name="key")
app.add_typer(people.app, name="person")
app.add_typer(tenants.app, name="tenant")


@app.command()
def up(
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of everything that is kept [CALLMISSED_DATA_DIR].")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on [CALLMISSED_HOST, 127.0.0.1].")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on [CALLMISSED_PORT, 8080].")
    ] = None,
    ready_json: Annotated[
        Path | None,
        typer.Option(help="File that gets base_url, owner_link and api_key once all answers."),
    ] = None,
) -> None:
    """Start everything on this machine and print its address; Ctrl-C ends it."""
    start_all(data_dir, host, port, ready_json)


def run_commands(doors: Doors) -> None:
    """Runs the command of this process's arguments and leaves with its exit code."""
    add_to(app, doors)
    dev.add_to(app, doors)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED_CODE)
