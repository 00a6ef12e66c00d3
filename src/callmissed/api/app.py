"""The API put together: routes, the layers around them, and the document that describes them."""

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from callmissed.api import (
    account,
    api_keys,
    audit,
    bot_chat,
    bot_files,
    bots,
    deletions,
    docs,
    documents,
    health,
    invites,
    knowledge,
    me,
    models,
    password_resets,
    people,
    provider_keys,
    sessions,
    sign_in,
    sign_ins,
    tenants,
    tools,
)
from callmissed.api.cors import add_cors
from callmissed.api.envelope import Envelope, Gate, NoteRequest, forget_request
from callmissed.api.errors import install_error_handlers
from callmissed.api.limits import KeyMemory
from callmissed.api.permissions import ANYONE, RULES
from callmissed.api.web import web_app
from callmissed.runtime.house import House

ROUTERS = (
    sessions,
    bot_files,
    bots,
    bot_chat,
    tools,
    knowledge,
    documents,
    models,
    sign_in,
    sign_ins,
    password_resets,
    me,
    account,
    people,
    invites,
    api_keys,
    audit,
    tenants,
    provider_keys,
    deletions,
    health,
    docs,
)

DESCRIPTION = (
    "Voice agents on the web and on the phone. Every route also answers under `/api/v1`. "
    "Errors are objects: read `code`, do what `hint` says, look `doc_url` up."
)


def create_app(house: House, note_request: NoteRequest = forget_request) -> FastAPI:
    """An application over an open house; whoever opened the house closes it. `note_request` is told
    each request when it was answered.

    Raises LookupError for a route that has no row in `api/permissions.py`.
    """
    app = _assemble(house.settings.public_url, note_request)
    app.state.house = house
    return app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document, without an installation."""
    return _assemble("", forget_request).openapi()


def _assemble(public_url: str, note_request: NoteRequest) -> FastAPI:
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
    app.state.key_memory = KeyMemory()
    for module in ROUTERS:
        app.include_router(module.router)
    app.router.default = web_app()
    install_error_handlers(app)
    app.add_middleware(Gate, public_url=public_url)
    add_cors(app, public_url)
    app.add_middleware(Envelope, public_url=public_url, note_request=note_request)
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
