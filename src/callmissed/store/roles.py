"""The two roles that transactions run as: neither can bypass row-level security, neither can log
in.
"""

import time

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, InternalError, ProgrammingError

APP_ROLE = "callmissed_app"
SYSTEM_ROLE = "callmissed_system"
# Roles belong to the whole cluster: another database's first start may make them at the same
# moment.
ATTEMPTS = 10
# The first in which a role can be granted without its rights being inherited.
OLDEST_VERSION = 160000
ATTEMPT_WAIT_S = 0.1

_CREATE = """
do $$ begin
  create role {role} nologin nosuperuser nobypassrls noinherit;
exception when duplicate_object or unique_violation then null;
end $$
"""


class UnfitDatabaseError(Exception):
    """The database of DATABASE_URL cannot hold the platform; `hint` says what to change."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def ensure_roles(connection: Connection) -> None:
    """Afterwards both roles exist and the login role may become either, without having their rights
    before it does.

    Raises UnfitDatabaseError.
    """
    _check_version(connection)
    for role in (APP_ROLE, SYSTEM_ROLE):
        for attempt in range(ATTEMPTS):
            try:
                with connection.begin():
                    _ensure_role(connection, role)
                break
            except InternalError:
                # "tuple concurrently updated": somebody else granted the same at once.
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(ATTEMPT_WAIT_S)


def _ensure_role(connection: Connection, role: str) -> None:
    try:
        exists = connection.execute(
            text("select 1 from pg_roles where rolname = :role"), {"role": role}
        ).scalar()
        if not exists:
            connection.execute(text(_CREATE.format(role=role)))
        may_become = text(
            "select exists (select 1 from pg_auth_members m join pg_roles r on r.oid = m.roleid "
            "join pg_roles u on u.oid = m.member "
            "where r.rolname = :role and u.rolname = current_user and m.set_option)"
        )
        if not connection.execute(may_become, {"role": role}).scalar():
            connection.execute(text(f"grant {role} to current_user with inherit false, set true"))
    except ProgrammingError as error:
        raise UnfitDatabaseError(
            f"the login role cannot make or use the role {role}: {_first_line(error)}",
            f"Give it CREATEROLE, or as a superuser: CREATE ROLE {role} NOLOGIN; "
            f"GRANT {role} TO <login role> WITH INHERIT FALSE, SET TRUE;",
        ) from error


def _check_version(connection: Connection) -> None:
    with connection.begin():
        number = int(connection.execute(text("show server_version_num")).scalar_one())
    if number < OLDEST_VERSION:
        raise UnfitDatabaseError(
            f"PostgreSQL {number // 10000} is too old",
            f"Use PostgreSQL {OLDEST_VERSION // 10000} or newer.",
        )


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).partition("\n")[0] + "."
