"""Puts the built web app into the wheel; an editable install serves `web/dist` from the checkout."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebAppHook(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        dist = Path(self.root) / "web" / "dist"
        if not (dist / "index.html").exists():
            raise FileNotFoundError("web/dist/index.html is missing: run `make web` before building the wheel")
        build_data["force_include"][str(dist)] = "callmissed/web"
