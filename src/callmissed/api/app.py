"""The API put together: routes, the layers around them, and the document that describes them."""

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from callmissed.api import (
    account,
    audit,
    bots,
    deletions,
    docs,
    health,
    invites,
    me,
    models,
    password_resets,
    people,
    sessions,
    sign_in,
    sign_ins,
    tenants,
)
from callmissed.api.envelope import EXPOSED_HEADERS, Envelope, Gate
from callmissed.api.errors import install_error_handlers
from callmissed.api.permissions import ANYONE, METHODS, RULES
from callmissed.api.web import web_app
from callmissed.runtime.house import House

ROUTERS = (
    sessions,
    bots,
    models,
    sign_in,
    sign_ins,
    password_resets,
    me,
    account,
    people,
    invites,
    audit,
    tenants,
    deletions,
    health,
    docs,
)
PREFLIGHT_S = 86_400

DESCRIPTION = (
    "Voice agents on the web and on the phone. Every route also answers under `/api/v1`. "
    "Errors are objects: read `code`, do what `hint` says, look `doc_url` up."
)


def create_app(house: House) -> FastAPI:
    """An application over an open house; whoever opened the house closes it.

    Raises LookupError for a route that has no row in `api/permissions.py`.
    """
    app = _assemble(house.settings.public_url)
    app.state.house = house
    return app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document, without an installation."""
    return _assemble("").openapi()


def _assemble(public_url: str) -> FastAPI:
    app = FastAPI(
        title="CallMissed",
        version=version("callmissed"),
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.public_url = public_url
    for module in ROUTERS:
        app.include_router(module.router)
    app.router.default = web_app()
    install_error_handlers(app)
    app.add_middleware(Gate, public_url=public_url)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=METHODS,
        allow_headers=["*"],
        expose_headers=EXPOSED_HEADERS,
        max_age=PREFLIGHT_S,
    )
    app.add_middleware(Envelope)
    _describe_security(app)
    return app


def _describe_security(app: FastAPI) -> None:
    """Which routes need a bearer: added to the document once."""
    document = app.openapi()
    document["components"]["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key (`cm_…`) or an access token.",
        }
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if RULES[method.upper(), path] is not ANYONE:
                operation["security"] = [{"bearer": []}]
