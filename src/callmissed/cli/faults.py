"""Errors as a person reads them: what, where, and what to do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

FAULT_CODE = 1
SETTING_CODE = 2
INTERRUPTED_CODE = 130


@contextmanager
def told_plainly() -> Iterator[None]:
    """Ends the process with a sentence and a hint where a known fault stops it: code 2 for a
    setting, 1 for anything else."""
    from callmissed.domain.errors import Refusal
    from callmissed.runtime.faults import StartError
    from callmissed.runtime.settings import SettingsError

    try:
        yield
    except SettingsError as error:
        stop(f"{error.name} {error.message}", error.hint, SETTING_CODE)
    except StartError as error:
        stop(f"{error.where}: {error.message}", error.hint, FAULT_CODE)
    except Refusal as error:
        stop(error.message, error.hint, FAULT_CODE)


def stop(what: str, hint: str, code: int) -> NoReturn:
    print(f"error: {what}\n hint: {hint}", file=sys.stderr, flush=True)
    raise SystemExit(code)
