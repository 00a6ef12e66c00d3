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


def test_an_error_in_a_message_of_ours_gives_its_type() -> None:
    (line,) = logged('logging.getLogger("callmissed.x").error("lost: %s", ValueError("Asha"))')
    assert line["event"] == "lost: ValueError"


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
        "/ws/voice-agent?key=open-sesame",
        "Authorization: Bearer open-sesame-open-sesame",
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


def test_a_message_that_was_put_together_is_left_out() -> None:
    (line,) = logged(
        'words = "my name is Asha"\nlogging.getLogger("procrastinate").error(f"job {words} ended")'
    )
    assert "Asha" not in json.dumps(line)
    assert (line["event"], line["at"]) == ("(text left out)", "<string>:8")


def test_an_object_as_a_message_is_left_out() -> None:
    (line,) = logged('logging.getLogger("livekit").error(ValueError("my name is Asha"))')
    assert "Asha" not in json.dumps(line)


def test_what_a_loop_says_of_a_lost_task_keeps_the_place_only() -> None:
    (line,) = logged(
        "import asyncio, gc\n"
        'async def fail(): raise ValueError("my name is Asha")\n'
        "async def main():\n"
        "    task = asyncio.ensure_future(fail())\n"
        "    await asyncio.sleep(0.01)\n"
        "    del task; gc.collect()\n"
        "asyncio.run(main())"
    )
    assert (line["logger"], line["error"]) == ("asyncio", "ValueError")
    assert "Asha" not in json.dumps(line)


@pytest.mark.parametrize(
    "code",
    [
        'raise ValueError("my name is Asha")',
        "import threading\n"
        'def fail(): raise ValueError("my name is Asha")\n'
        "thread = threading.Thread(target=fail); thread.start(); thread.join()",
        "class Bad:\n"
        '    def __del__(self): raise ValueError("my name is Asha")\n'
        "bad = Bad(); del bad",
    ],
)
def test_a_crash_is_told_without_its_text(code: str) -> None:
    child = subprocess.run(
        [sys.executable, "-c", HEAD + code], capture_output=True, text=True, timeout=60
    )
    (line,) = [json.loads(line) for line in child.stderr.splitlines()]
    assert (line["event"], line["error"]) == ("crashed", "ValueError")
    assert "Asha" not in child.stderr


def test_a_telephone_number_keeps_its_last_two_digits() -> None:
    (line,) = logged(
        'log.info("number refused", path="/v1/numbers/+919876543210", host="10.1.2.3")'
    )
    assert line["path"] == "/v1/numbers/***10"
    assert line["host"] == "10.1.2.3"


def test_a_number_in_a_message_of_ours_is_shortened_too() -> None:
    (line,) = logged('logging.getLogger("callmissed.x").warning("call %s", "+91 98765 43210")')
    assert line["event"] == "call ***10"


def test_an_id_and_a_time_stay_whole() -> None:
    value = "11111111-1111-4111-8111-111111111111"
    (line,) = logged(f'log.info("at 2026-04-19T12:00:00Z", session_id="{value}", bytes=9876543210)')
    assert (line["session_id"], line["bytes"]) == (value, 9876543210)
    assert line["event"] == "at 2026-04-19T12:00:00Z"


def test_a_value_that_is_no_text_gives_its_type() -> None:
    (line,) = logged('log.info("odd", reason={"words": "my name is Asha"}, kind=b"Asha")')
    assert (line["reason"], line["kind"]) == ("dict", "bytes")


def test_a_hidden_key_is_left_out_as_well() -> None:
    (line,) = logged('log.info("odd", _words="my name is Asha")')
    assert line["omitted"] == ["_words"]
    assert "Asha" not in json.dumps(line)


def test_the_request_under_way_is_named() -> None:
    (line,) = logged(
        "from callmissed.kit.origin import Origin, set_origin\n"
        'set_origin(Origin("req-1", "192.0.2.7"))\nlog.info("done")'
    )
    assert line["request_id"] == "req-1"
