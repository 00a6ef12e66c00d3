"""Plain HTML around Markdown or fragments of our own making."""

from html import escape

from fastapi.responses import HTMLResponse

STYLE = """
body{font:16px/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;
color:#1d2433;background:#fff}code,pre{font:14px/1.5 ui-monospace,monospace;background:#f1f3f8;
border-radius:4px}code{padding:.1em .3em}pre{padding:1em;overflow:auto}pre code{padding:0}
table{border-collapse:collapse;width:100%;font-size:15px}td,th{text-align:left;
vertical-align:top;padding:.35em .6em;border-bottom:1px solid #d9deea}a{color:#1a54c4}
h2{margin-top:2.2em}@media (prefers-color-scheme:dark){body{color:#e6e9f2;background:#12151d}
code,pre{background:#1e2330}td,th{border-color:#2c3345}a{color:#8ab4ff}}
"""
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def render_page(title: str, body: str) -> HTMLResponse:
    """`body` is trusted HTML; `title` is text."""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>",
        headers={"Content-Security-Policy": POLICY},
    )
