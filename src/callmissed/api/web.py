"""The web app: its files as they were built, its one page for every other address."""

import base64
import hashlib
import mimetypes
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from callmissed.api.errors import unknown_route
from callmissed.api.pages.html import render_page

INDEX = "index.html"
ASSETS = "/assets/"
NOT_PAGES = ("/v1", "/api", "/health", "/docs", "/openapi.json", "/ws", "/webhooks")
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
LEAST_GZIP_BYTES = 1024

# Guessing asks the machine's own table, which may lack or misname these.
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".json": "application/json",
    ".html": "text/html",
}
_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_NOT_BUILT = """<h1>The web app is not built</h1>
<p>Run <code>make web</code> in the checkout (it needs Node.js 20.19 or newer), then reload this
page. The API works without it: <a href="/docs">its routes</a>.</p>"""


def find_web_root() -> Path | None:
    """The built web app: in the package where it was installed, in `web/dist` of a checkout."""
    package = Path(str(files("callmissed")))
    for folder in (package / "web", package.parents[1] / "web" / "dist"):
        if (folder / INDEX).is_file():
            return folder
    return None


def web_app(find_root: Callable[[], Path | None] = find_web_root) -> ASGIApp:
    """Answers whatever no route answers: a file, the page, or a refusal for what is not a page.

    The folder is looked for each time, so that a build is served without a restart.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_page(scope):
            raise unknown_route()
        await _answer(find_root(), scope["path"])(scope, receive, send)

    return GZipMiddleware(serve, minimum_size=LEAST_GZIP_BYTES)


def _is_page(scope: Scope) -> bool:
    path = scope["path"]
    taken = any(path == prefix or path.startswith(f"{prefix}/") for prefix in NOT_PAGES)
    return scope["method"] == "GET" and not taken


def _answer(root: Path | None, path: str) -> Response:
    if root is None:
        return render_page("CallMissed", _NOT_BUILT)
    found = _find_file(root, path)
    if found is not None and found.name != INDEX:
        kind = _TYPES.get(found.suffix) or mimetypes.guess_type(found.name)[0]
        keep = IMMUTABLE if path.startswith(ASSETS) else REVALIDATE
        return FileResponse(found, media_type=kind, headers={"Cache-Control": keep})
    if path.startswith(ASSETS):
        raise unknown_route()
    page = (root / INDEX).read_text("utf-8")
    headers = {"Cache-Control": REVALIDATE, "Content-Security-Policy": page_policy(page)}
    return HTMLResponse(page, headers=headers | {"Permissions-Policy": "microphone=(self)"})


def page_policy(page: str) -> str:
    """Our own scripts only, and those that stand in the page itself, by their hash.

    Calls go to the media server, whose address is a setting, so connections are not narrowed.
    Mantine writes styles into the page.
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE_SCRIPT.findall(page)
    )
    scripts = f"script-src 'self' {hashes}".strip()
    return (
        f"default-src 'self'; {scripts}; worker-src 'self' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "media-src 'self' blob: data:; "
        "connect-src 'self' ws: wss: http: https:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


def _find_file(root: Path, path: str) -> Path | None:
    """None for what is not a plain file below `root`, whatever dots and links the path holds."""
    inside = root.resolve()
    try:
        found = (inside / path.lstrip("/")).resolve()
        parts = found.relative_to(inside).parts
        is_file = found.is_file()
    except (ValueError, OSError):
        return None
    return found if is_file and not any(part.startswith(".") for part in parts) else None
