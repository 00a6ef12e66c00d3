"""Work of a command on an installation of this machine, or on the one that the environment names."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from callmissed.cli.faults import told_plainly

if TYPE_CHECKING:
    from callmissed.runtime.house import House
    from callmissed.runtime.settings import Settings

T = TypeVar("T")

DataDir = Annotated[
    Path | None, typer.Option(help="Folder that `callmissed up` keeps everything in.")
]


def run_within(work: "Callable[[House], Awaitable[T]]", data_dir: Path | None) -> T:
    """What `work` returns. Ends the process with a sentence where a known fault stops it."""
    import asyncio

    from callmissed.runtime.house import open_house
    from callmissed.runtime.installed import load_installed

    async def run(settings: "Settings") -> T:
        async with open_house(settings) as house:
            return await work(house)

    with told_plainly():
        return asyncio.run(run(load_installed(data_dir.absolute() if data_dir else None)))
