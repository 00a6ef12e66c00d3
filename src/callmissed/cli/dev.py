"""`callmissed dev`: what a developer runs beside an installation."""

from typing import Annotated

import typer

from callmissed.cli.doors import Doors
from callmissed.cli.faults import told_plainly

PORT = 8090
SERVICE_PORT = 8095


def add_to(app: typer.Typer, doors: Doors) -> None:
    """Gives `app` the commands of this module."""
    commands = typer.Typer(help="Run what a developer needs beside an installation.")

    @commands.callback()
    def group() -> None:
        """Run what a developer needs beside an installation."""

    @commands.command()
    def providers(
        port: Annotated[int, typer.Option(help="Port to listen on.")] = PORT,
        host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    ) -> None:
        """Simulate Sarvam, the language model vendors and audio servers, without any key."""
        with told_plainly():
            doors.simulate_providers(host, port)

    @commands.command()
    def service(
        port: Annotated[int, typer.Option(help="Port to listen on.")] = SERVICE_PORT,
        host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    ) -> None:
        """Run the small business that the tools of the bot templates ask."""
        with told_plainly():
            doors.run_sample_service(host, port)

    app.add_typer(commands, name="dev")
