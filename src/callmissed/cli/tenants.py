"""`callmissed tenant …`."""

from typing import Annotated

import typer

from callmissed.cli.faults import told_plainly

app = typer.Typer(help="Tenants of this installation.", no_args_is_help=True)


@app.callback()
def tenants() -> None:
    """Tenants of this installation."""


@app.command()
def create(name: Annotated[str, typer.Argument(help="What the tenant is called.")]) -> None:
    """Make a tenant; prints its id and its first API key, which is shown once."""
    import asyncio

    from callmissed.runtime.installation import create_tenant
    from callmissed.runtime.settings import load_settings

    with told_plainly():
        tenant_id, key = asyncio.run(create_tenant(load_settings(), name))
        typer.echo(f"tenant: {tenant_id}\napi key: {key}")
