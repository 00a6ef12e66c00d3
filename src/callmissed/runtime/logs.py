"""Logs of every process: one JSON object a line on stderr, without callers' words and secrets.

A key that is not in `KEYS` is left out and its name noted in `omitted`, so a transcript that
somebody logs by accident never gets out. Libraries log through the standard library: of their
lines the template is kept and not what is filled in; of our own
modules' lines both. An exception gives its type and where it was
raised; its text may hold data, so it is kept only for the kinds in `PLAIN_ERRORS`.
"""

import logging
import os
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

OUR_LOGGER = "callmissed"
KEYS = frozenset(
    """
    event level timestamp logger process pid error error_at error_text omitted
    tenant_id session_id request_id worker_id person_id key_id bot_id job_id room epoch seq note
    method route status code kind reason model provider service step attempt attempts
    took_ms wait_ms lag_ms wait_s retry_after_s restart_in_s count calls slots free_slots bytes
    lines port host path signal exit_code version task queue channel table migration
    """.split()  # noqa: SIM905
)
PLAIN_ERRORS: tuple[type[BaseException], ...] = (
    OSError,
    ImportError,
    AttributeError,
    NameError,
    TypeError,
)
FRAMES_KEPT = 6
SECRETS = re.compile(
    r"cm_[0-9A-Za-z]{8,}|eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]+)?|(?<=://)[^/@\s:]+:[^/@\s]+(?=@)"
)

Event = MutableMapping[str, Any]


def configure_logs(process: str, level: str) -> None:
    """To be called once, first thing, by each process; `process` is its name in every line."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_process(process),
        _tell_error,
        _keep_known_keys,
        _hide_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_fill_in_ours)
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


def _fill_in_ours(record: logging.LogRecord) -> bool:
    """Of our own modules the whole message is kept."""
    if record.name.startswith(OUR_LOGGER) and isinstance(record.msg, str):
        record.msg, record.args = record.getMessage(), ()
    return True


def _name_process(process: str) -> structlog.typing.Processor:
    def name(_logger: Any, _method: str, event: Event) -> Event:
        event["process"] = process
        event["pid"] = os.getpid()
        return event

    return name


def _tell_error(_logger: Any, _method: str, event: Event) -> Event:
    error = _error_of(event.pop("exc_info", None))
    event.pop("stack_info", None)
    if error is None:
        return event
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_KEPT:]
    event["error"] = type(error).__qualname__
    event["error_at"] = [
        f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}"
        for frame in frames
    ]
    if isinstance(error, PLAIN_ERRORS):
        event["error_text"] = str(error)
    return event


def _error_of(found: Any) -> BaseException | None:
    if found is True:
        return sys.exc_info()[1]
    if isinstance(found, tuple):
        found = found[1]
    return found if isinstance(found, BaseException) else None


def _keep_known_keys(_logger: Any, _method: str, event: Event) -> Event:
    omitted = sorted(key for key in event if key not in KEYS and not key.startswith("_"))
    for key in omitted:
        del event[key]
    if omitted:
        event["omitted"] = omitted
    return event


def _hide_secrets(_logger: Any, _method: str, event: Event) -> Event:
    for key, value in event.items():
        if isinstance(value, str) and not key.startswith("_"):
            event[key] = SECRETS.sub("***", value)
    return event
