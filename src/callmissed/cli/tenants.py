"""`callmissed tenant …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callmissed.cli.faults import told_plainly

if TYPE_CHECKING:
    from uuid import UUID

    from callmissed.runtime.settings import Settings

app = typer.Typer(help="Tenants of this installation.", no_args_is_help=True)


@app.callback()
def tenants() -> None:
    """Tenants of this installation."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the tenant is called.")],
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder that `callmissed up` keeps everything in.")
    ] = None,
) -> None:
    """Make a tenant; prints its id and its first API key, which is shown once."""
    import asyncio

    from callmissed.runtime.installed import load_installed

    with told_plainly():
        settings = load_installed(data_dir.absolute() if data_dir else None)
        tenant_id, key = asyncio.run(_create(settings, name))
        typer.echo(f"tenant: {tenant_id}\napi key: {key}")


async def _create(settings: "Settings", name: str) -> "tuple[UUID, str]":
    from callmissed.runtime.house import open_house
    from callmissed.services.tenants import create_tenant

    async with open_house(settings) as house, house.database.system() as db:
        return await create_tenant(db, house.keyring, name)
