"""Logs of every process: one JSON object a line on stderr, without callers' words and secrets.

A key that is not in `KEYS` is left out and its name noted in `omitted`, so a transcript that
somebody logs by accident never gets out. Libraries log through the standard library: of their
lines the template is kept and not what is filled in, and a message that was put together before it
was logged is left out, for `at` says where it was. An exception gives its type and where it was
raised; its text may hold data and is left out, but for what the operating system says.
"""

import logging
import os
import sys
import threading
import traceback
from collections.abc import MutableMapping
from enum import Enum
from pathlib import PurePath
from types import CodeType, FrameType, TracebackType
from typing import Any
from uuid import UUID

import structlog

from callmissed.kit.origin import current_origin
from callmissed.kit.redaction import hide_phone_numbers, hide_secrets

OUR_LOGGER = "callmissed"
KEYS = frozenset(
    """
    event level timestamp logger process pid at error error_at error_text omitted
    tenant_id session_id request_id worker_id person_id key_id bot_id document_id job_id mail_id room epoch seq note
    method route status code kind reason model provider service step attempt attempts
    took_ms wait_ms lag_ms wait_s retry_after_s retry_in_s restart_in_s count calls slots free_slots bytes
    lines port host path signal exit_code version task queue channel table migration
    """.split()  # noqa: SIM905
)
FRAMES_KEPT = 6
LEFT_OUT = "(text left out)"
# Put there by structlog and taken away by it again.
INTERNAL = {"_record", "_from_structlog"}
# Never redacted: their form is ours, and long digits in them are no telephone numbers.
AS_THEY_ARE = {"timestamp", "level", "logger", "process"}

Event = MutableMapping[str, Any]


def configure_logs(process: str, level: str) -> None:
    """To be called once, first thing, by each process; `process` is its name in every line."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_process(process),
        _name_request,
        _tell_error,
        _keep_known_keys,
        _redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_keep_constant_text)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            use_get_message=False,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OUR_LOGGER).setLevel(level.upper())
    logging.captureWarnings(capture=True)
    _catch_the_uncaught()


def _catch_the_uncaught() -> None:
    """Python would print the exception's text."""
    log = structlog.get_logger(f"{OUR_LOGGER}.crash")

    def tell(
        kind: type[BaseException], error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            log.critical("crashed", exc_info=error)

    sys.excepthook = tell
    threading.excepthook = lambda args: tell(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: tell(args.exc_type, args.exc_value, args.exc_traceback)


def _keep_constant_text(record: logging.LogRecord) -> bool:
    """Of our own modules the whole message is kept, an exception in it by its type; of others what
    stands in their source.
    """
    if record.name.startswith(OUR_LOGGER):
        if isinstance(record.msg, str):
            if isinstance(record.args, tuple):
                record.args = tuple(_name_error(value) for value in record.args)
            record.msg, record.args = record.getMessage(), ()
    elif not _stands_in_source(record):
        record.msg, record.args = LEFT_OUT, ()
    return True


def _name_error(value: object) -> object:
    return type(value).__name__ if isinstance(value, BaseException) else value


def _stands_in_source(record: logging.LogRecord) -> bool:
    """Whether the message is a constant of the function that logs it."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        code = frame.f_code
        if code.co_filename == record.pathname and code.co_name == record.funcName:
            return isinstance(record.msg, str) and _holds(code, record.msg)
        frame = frame.f_back
    return False


def _holds(code: CodeType, text: str) -> bool:
    return any(constant is text or constant == text for constant in code.co_consts)


def _name_process(process: str) -> structlog.typing.Processor:
    def name(_logger: Any, _method: str, event: Event) -> Event:
        event["process"] = process
        event["pid"] = os.getpid()
        return event

    return name


def _name_request(_logger: Any, _method: str, event: Event) -> Event:
    request_id = current_origin().request_id
    if request_id is not None:
        event.setdefault("request_id", request_id)
    return event


def _tell_error(_logger: Any, _method: str, event: Event) -> Event:
    record = event.get("_record")
    if record is not None and not record.name.startswith(OUR_LOGGER):
        event["at"] = f"{_short(record.pathname)}:{record.lineno}"
    error = _error_of(event.pop("exc_info", None))
    event.pop("stack_info", None)
    if error is None:
        return event
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_KEPT:]
    event["error"] = type(error).__qualname__
    event["error_at"] = [
        f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames
    ]
    if isinstance(error, OSError) and error.strerror:
        event["error_text"] = error.strerror
    return event


def _short(path: str) -> str:
    return "/".join(path.split("/")[-2:])


def _error_of(found: Any) -> BaseException | None:
    if found is True:
        return sys.exc_info()[1]
    if isinstance(found, tuple):
        found = found[1]
    return found if isinstance(found, BaseException) else None


def _keep_known_keys(_logger: Any, _method: str, event: Event) -> Event:
    omitted = sorted(key for key in event if key not in KEYS and key not in INTERNAL)
    for key in omitted:
        del event[key]
    if omitted:
        event["omitted"] = omitted
    return event


def _redact(_logger: Any, _method: str, event: Event) -> Event:
    for key in event.keys() - INTERNAL - AS_THEY_ARE:
        event[key] = _plain(event[key])
    return event


def _plain(value: Any) -> Any:
    """Numbers stay, texts are redacted; what is neither gives its type."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str | UUID | PurePath):
        return hide_phone_numbers(hide_secrets(str(value)))
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return type(value).__name__
