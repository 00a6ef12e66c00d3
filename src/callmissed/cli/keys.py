"""`callmissed key …`."""

import typer

app = typer.Typer(help="API keys.", no_args_is_help=True)


@app.callback()
def keys() -> None:
    """API keys."""


@app.command()
def mint() -> None:
    """Print a new, well-formed key for CALLMISSED_INIT_API_KEY; nothing is stored."""
    from callmissed.kit.tokens import mint_key
    from callmissed.runtime.setting_forms import KEY_PREFIX

    typer.echo(mint_key(KEY_PREFIX))
