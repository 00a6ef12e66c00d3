"""What the database's own errors mean to the platform."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from callmissed.domain.errors import Kind, Refusal

# PostgreSQL, appendix A: character_not_in_repertoire, untranslatable_character,
# invalid_text_representation.
TEXT_STATES = {"22021", "22P05", "22P02"}


def outage() -> Refusal:
    return Refusal(
        Kind.UNAVAILABLE,
        "The database does not answer in time.",
        "Try again in a second; if it lasts, look at the database with `callmissed doctor`.",
        retry_after_s=1,
    )


def unstorable_text() -> Refusal:
    return Refusal(
        Kind.INVALID_VALUE,
        "A text holds characters that cannot be stored: NUL or half of a surrogate pair.",
        "Remove U+0000 and unpaired surrogates from the text.",
    )


@contextmanager
def refuse_outages() -> Iterator[None]:
    """Turns an unreachable, overloaded or stopping database, and text it cannot hold, into a
    Refusal.
    """
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        raise outage() from error
    except DataError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state in TEXT_STATES or "NUL" in str(error.orig):
            raise unstorable_text() from error
        raise
    except UnicodeEncodeError as error:
        raise unstorable_text() from error
