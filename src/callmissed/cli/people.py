"""`callmissed person …`: for whoever hosts the installation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from callmissed.cli.faults import FAULT_CODE, SETTING_CODE, stop, told_plainly

if TYPE_CHECKING:
    from callmissed.domain.principals import Role
    from callmissed.runtime.settings import Settings

app = typer.Typer(help="People of this installation.", no_args_is_help=True)

DataDir = Annotated[
    Path | None, typer.Option(help="Folder that `callmissed up` keeps everything in.")
]


@app.callback()
def people() -> None:
    """People of this installation."""


@app.command()
def reset_link(
    email: Annotated[str, typer.Argument(help="Whose password it is.")], data_dir: DataDir = None
) -> None:
    """Print a link that sets a new password; it works once, for half an hour."""
    import asyncio

    from callmissed.runtime.installed import load_installed

    with told_plainly():
        settings = load_installed(data_dir.absolute() if data_dir else None)
        link = asyncio.run(_reset_link(settings, email))
        if link is None:
            stop(f"nobody here has the e-mail {email}.", "Check its spelling.", FAULT_CODE)
        typer.echo(link)


@app.command()
def invite(
    tenant_id: Annotated[UUID, typer.Argument(help="Id of the tenant.")],
    email: Annotated[str, typer.Argument(help="Who is invited.")],
    role: Annotated[str, typer.Option(help="owner, admin, member or attendant.")] = "owner",
    data_dir: DataDir = None,
) -> None:
    """Print a link by which somebody joins a tenant; it works once, for seven days."""
    import asyncio

    from callmissed.domain.principals import Role
    from callmissed.runtime.installed import load_installed

    with told_plainly():
        if role not in set(Role):
            stop(f"there is no role {role}.", f"It is one of {', '.join(Role)}.", SETTING_CODE)
        settings = load_installed(data_dir.absolute() if data_dir else None)
        typer.echo(asyncio.run(_invite(settings, tenant_id, email, Role(role))))


async def _reset_link(settings: "Settings", email: str) -> str | None:
    from callmissed.runtime.house import open_house
    from callmissed.services.password_resets import make_reset_link

    async with open_house(settings) as house, house.database.system() as db:
        return await make_reset_link(db, house.keyring, email, settings.public_url)


async def _invite(settings: "Settings", tenant_id: UUID, email: str, role: "Role") -> str:
    from callmissed.runtime.house import open_house
    from callmissed.services.invites import invite_by_operator

    async with open_house(settings) as house, house.database.tenant(tenant_id) as db:
        return await invite_by_operator(db, house.keyring, email, role, settings.public_url)
