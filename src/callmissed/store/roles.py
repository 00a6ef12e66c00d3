"""The two roles that transactions run as: neither can bypass row-level security, neither can log in."""

import time

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, InternalError, ProgrammingError

APP_ROLE = "callmissed_app"
SYSTEM_ROLE = "callmissed_system"
# Roles belong to the whole cluster: another database's first start may make them at the same moment.
ATTEMPTS = 10
ATTEMPT_WAIT_S = 0.1

_CREATE = """
do $$ begin
  create role {role} nologin nosuperuser nobypassrls noinherit;
exception when duplicate_object or unique_violation then null;
end $$
"""


class RolesError(Exception):
    """The login role of DATABASE_URL may not make or use the two roles; the message says what to grant."""


def ensure_roles(connection: Connection) -> None:
    """Afterwards both roles exist and the login role may become either, without having their rights before it does.

    Raises RolesError.
    """
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
        raise RolesError(
            f"The login role of DATABASE_URL cannot make or use the role {role}: {_first_line(error)} "
            f"Give it CREATEROLE, or as a superuser: CREATE ROLE {role} NOLOGIN; "
            f"GRANT {role} TO <login role> WITH INHERIT FALSE, SET TRUE;"
        ) from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).partition("\n")[0] + "."
