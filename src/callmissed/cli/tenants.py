"""`callmissed tenant …`."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from callmissed.cli.within import DataDir, run_within
from callmissed.domain.audit import SYSTEM
from callmissed.domain.tenants import Plan, Tenant

if TYPE_CHECKING:
    from callmissed.runtime.house import House

app = typer.Typer(help="Tenants of this installation.", no_args_is_help=True)

TenantId = Annotated[UUID, typer.Argument(help="Its id, as `tenant list` shows it.")]


@app.callback()
def tenants() -> None:
    """Tenants of this installation."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the tenant is called.")],
    plan: Annotated[Plan, typer.Option(help="Decides its limits.")] = Plan.ENTERPRISE,
    data_dir: DataDir = None,
) -> None:
    """Make a tenant; prints its id and its first API key, which is shown once."""
    from callmissed.services.tenants import create_tenant

    async def make(house: "House") -> tuple[UUID, str]:
        async with house.database.system() as db:
            return await create_tenant(db, house.keyring, name, plan=plan.value)

    tenant_id, key = run_within(make, data_dir)
    typer.echo(f"tenant: {tenant_id}\napi key: {key}")


@app.command(name="list")
def list_all(data_dir: DataDir = None) -> None:
    """List all tenants, oldest first."""
    from callmissed.services.tenants import list_tenants

    async def read(house: "House") -> list[Tenant]:
        async with house.database.system() as db:
            return await list_tenants(db)

    for tenant in run_within(read, data_dir):
        state = "suspended" if tenant.suspended_at else "active"
        typer.echo(f"{tenant.id}  {tenant.plan.value:<10}  {state:<9}  {tenant.name}")


@app.command()
def show(tenant_id: TenantId, data_dir: DataDir = None) -> None:
    """Show one tenant."""
    from callmissed.services.tenants import get_tenant

    async def read(house: "House") -> Tenant:
        async with house.database.system() as db:
            return await get_tenant(db, tenant_id)

    tenant = run_within(read, data_dir)
    kept = "for ever" if tenant.retention_days is None else f"{tenant.retention_days} days"
    typer.echo(
        f"tenant: {tenant.id}\nname: {tenant.name}\nplan: {tenant.plan.value}\n"
        f"suspended: {tenant.suspended_at or 'no'}\nsessions are kept: {kept}\n"
        f"created: {tenant.created_at}"
    )


@app.command()
def suspend(tenant_id: TenantId, data_dir: DataDir = None) -> None:
    """Refuse its people and keys at once and end its calls; its data is kept."""
    from callmissed.services.tenants import suspend_tenant

    async def change(house: "House") -> None:
        async with house.database.system() as db:
            await suspend_tenant(db, SYSTEM, tenant_id)

    run_within(change, data_dir)
    typer.echo(f"{tenant_id} is suspended.")


@app.command()
def resume(tenant_id: TenantId, data_dir: DataDir = None) -> None:
    """Let a suspended tenant work again."""
    from callmissed.services.tenants import resume_tenant

    async def change(house: "House") -> None:
        async with house.database.system() as db:
            await resume_tenant(db, SYSTEM, tenant_id)

    run_within(change, data_dir)
    typer.echo(f"{tenant_id} is active.")


@app.command()
def set_plan(
    tenant_id: TenantId,
    plan: Annotated[Plan, typer.Argument(help="Decides its limits.")],
    data_dir: DataDir = None,
) -> None:
    """Change its plan, from now on."""
    from callmissed.services import tenants

    async def change(house: "House") -> None:
        async with house.database.system() as db:
            await tenants.set_plan(db, SYSTEM, tenant_id, plan)

    run_within(change, data_dir)
    typer.echo(f"{tenant_id} is on the plan {plan.value}.")


@app.command()
def delete(
    tenant_id: TenantId,
    confirm_name: Annotated[str, typer.Option(help="The tenant's name, exactly.")],
    data_dir: DataDir = None,
) -> None:
    """Delete a tenant for good: suspended at once, gone as soon as the jobs have run."""
    from callmissed.services.deletions import delete_tenant

    async def change(house: "House") -> UUID:
        async with house.database.system() as db:
            asked = await delete_tenant(db, house.keyring, SYSTEM, tenant_id, confirm_name)
            return asked.id

    deletion_id = run_within(change, data_dir)
    typer.echo(f"{tenant_id} is suspended and is being deleted.\ndeletion: {deletion_id}")
