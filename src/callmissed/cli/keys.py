"""`callmissed key …`."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from callmissed.cli.within import DataDir, run_within
from callmissed.domain.api_keys import ApiKey, KeyKind, KeyTerms, Reach
from callmissed.domain.audit import SYSTEM

if TYPE_CHECKING:
    from callmissed.runtime.house import House
    from callmissed.services.api_keys import MadeKey, Maker

app = typer.Typer(help="API keys.", no_args_is_help=True)

TenantId = Annotated[
    UUID | None, typer.Option("--tenant", help="Id of the tenant; left out: the first one.")
]


@app.callback()
def keys() -> None:
    """API keys."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What you recognise it by.")],
    permission: Annotated[
        list[str] | None, typer.Option(help="What a secret key may do; may be repeated.")
    ] = None,
    bot: Annotated[
        UUID | None, typer.Option(help="Makes a publishable key that starts this bot.")
    ] = None,
    domain: Annotated[
        list[str] | None, typer.Option(help="Host of the pages it may be used from; repeated.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model it may use; repeated; left out: any.")
    ] = None,
    rpm: Annotated[int | None, typer.Option(min=1, help="Requests a minute.")] = None,
    expires_at: Annotated[
        str | None, typer.Option(help="When it ends, as 2030-01-01T00:00:00Z.")
    ] = None,
    tenant: TenantId = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key; prints its id and the key, which is shown once."""
    from callmissed.cli.faults import told_plainly

    with told_plainly():
        terms = KeyTerms(
            kind=KeyKind.SECRET if bot is None else KeyKind.PUBLISHABLE,
            permissions=frozenset(permission or ()),
            expires_at=None if expires_at is None else _read_moment(expires_at),
            allowed_models=frozenset(model) if model else None,
            allowed_domains=tuple(_read_domain(text) for text in domain or ()),
            rate_limit_rpm=rpm,
            bot_id=bot,
        )

    async def make(house: "House") -> "MadeKey":
        from callmissed.services.api_keys import create_key

        tenant_id = await _tenant_of(house, tenant)
        known = house.catalog.known_ids(model or ())
        async with house.database.tenant(tenant_id) as db:
            return await create_key(db, house.keyring, _operator(), name, terms, known)

    made = run_within(make, data_dir)
    typer.echo(f"id: {made.key.id}\nkey: {made.secret}")


@app.command(name="list")
def list_all(
    revoked: Annotated[bool, typer.Option(help="Also those that have ended.")] = False,
    tenant: TenantId = None,
    data_dir: DataDir = None,
) -> None:
    """List a tenant's keys, newest first."""
    from callmissed.domain.api_keys import MAX_USABLE_KEYS

    async def read(house: "House") -> list[ApiKey]:
        from callmissed.services.api_keys import list_keys

        async with house.database.tenant(await _tenant_of(house, tenant)) as db:
            page, _ = await list_keys(db, revoked, MAX_USABLE_KEYS)
            return page

    for key in run_within(read, data_dir):
        used = f"used {key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never used"
        may = ",".join(sorted(key.terms.permissions))
        typer.echo(f"{key.id}  {key.masked}  {used:<15}  {key.name}  ({may})")


@app.command()
def revoke(
    key_id: Annotated[UUID, typer.Argument(help="Its id, as `key list` shows it.")],
    tenant: TenantId = None,
    data_dir: DataDir = None,
) -> None:
    """End a key at once, and every key that was made with it."""

    async def end(house: "House") -> None:
        from callmissed.services.api_keys import revoke_key

        async with house.database.tenant(await _tenant_of(house, tenant)) as db:
            await revoke_key(db, _operator(), key_id)

    run_within(end, data_dir)
    typer.echo(f"{key_id} is revoked.")


@app.command()
def mint() -> None:
    """Print a new, well-formed key for CALLMISSED_INIT_API_KEY; nothing is stored."""
    from callmissed.kit.tokens import mint_key
    from callmissed.runtime.setting_forms import KEY_PREFIX

    typer.echo(mint_key(KEY_PREFIX))


def _operator() -> "Maker":
    """Whoever has the command line may hand on everything."""
    from callmissed.domain.api_keys import EVERYTHING
    from callmissed.services.api_keys import Maker

    return Maker(SYSTEM, Reach(frozenset({EVERYTHING})))


async def _tenant_of(house: "House", tenant: UUID | None) -> UUID:
    """Raises Refusal NOT_FOUND."""
    from callmissed.domain.errors import not_found
    from callmissed.services.tenants import get_tenant, list_tenants

    async with house.database.system() as db:
        if tenant is not None:
            return (await get_tenant(db, tenant)).id
        every = await list_tenants(db)
    if not every:
        raise not_found("tenant")
    return every[0].id


def _read_moment(text: str) -> datetime:
    """Raises Refusal INVALID_VALUE."""
    from callmissed.domain.errors import invalid
    from callmissed.kit.clock import read_rfc3339

    try:
        return read_rfc3339(text)
    except ValueError as error:
        raise invalid("expires_at", f"expires_at: {error}.", "Give --expires-at again.") from error


def _read_domain(text: str) -> str:
    """Raises Refusal INVALID_VALUE."""
    from callmissed.domain.errors import invalid
    from callmissed.kit.host_rules import read_rule

    try:
        return read_rule(text)
    except ValueError as error:
        raise invalid("domain", f"{text}: {error}.", "Give --domain again.") from error
