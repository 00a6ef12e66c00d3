"""What gets into a log, and what never does."""

import json
import subprocess
import sys

import pytest

HEAD = """
import logging
import structlog
from callmissed.runtime.logs import configure_logs
configure_logs("api", "info")
log = structlog.get_logger("callmissed.api")
"""


def logged(code: str) -> list[dict[str, object]]:
    """The lines that a process of its own logs while it runs `code`."""
    child = subprocess.run(
        [sys.executable, "-c", HEAD + code], capture_output=True, text=True, check=True, timeout=60
    )
    return [json.loads(line) for line in child.stderr.splitlines()]


def test_a_line_is_json_with_time_level_and_process() -> None:
    (line,) = logged('log.info("session created", session_id="s1", took_ms=12)')
    assert line["event"] == "session created"
    assert (line["level"], line["process"], line["logger"]) == ("info", "api", "callmissed.api")
    assert (line["session_id"], line["took_ms"]) == ("s1", 12)
    assert str(line["timestamp"]).endswith("Z")


def test_a_key_that_is_not_allowed_is_left_out_by_name() -> None:
    (line,) = logged('log.info("turn", transcript="my name is Asha", tenant_id="t1")')
    assert "Asha" not in json.dumps(line)
    assert line["omitted"] == ["transcript"]


def test_a_librarys_line_keeps_its_template_only() -> None:
    (line,) = logged(
        'logging.getLogger("livekit").warning("heard %s", "my name is Asha",'
        ' extra={"user_transcript": "Asha"})'
    )
    assert line["event"] == "heard %s"
    assert "Asha" not in json.dumps(line)


def test_our_own_modules_line_is_whole() -> None:
    (line,) = logged('logging.getLogger("callmissed.voice").warning("failed: %s", "TimeoutError")')
    assert line["event"] == "failed: TimeoutError"


def test_an_exceptions_text_stays_out_and_its_place_is_told() -> None:
    (line,) = logged(
        'try:\n    int("my name is Asha")\nexcept ValueError:\n    log.exception("cannot count")'
    )
    assert line["error"] == "ValueError"
    assert "Asha" not in json.dumps(line)
    assert "<string>" in str(line["error_at"])


def test_an_operating_systems_error_keeps_its_text() -> None:
    (line,) = logged(
        'try:\n    open("/nowhere/at/all")\nexcept OSError:\n    log.exception("cannot read")'
    )
    assert "No such file" in str(line["error_text"])


@pytest.mark.parametrize(
    "secret",
    [
        "cm_0123456789abcdefghijABCDEFGHIJ012345",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYWxsZXIifQ.c2lnbmF0dXJl",
        "postgresql://callmissed:open-sesame@db/callmissed",
    ],
)
def test_secrets_in_a_message_are_hidden(secret: str) -> None:
    (line,) = logged(f'log.warning("refused {secret}")')
    assert "***" in str(line["event"])
    for part in (secret, "open-sesame"):
        assert part not in str(line["event"])


def test_libraries_are_quiet_below_warning() -> None:
    assert logged('logging.getLogger("uvicorn.access").info("GET /")') == []


def test_the_level_is_the_least_that_is_logged() -> None:
    assert [line["event"] for line in logged('log.debug("a"); log.info("b")')] == ["b"]
