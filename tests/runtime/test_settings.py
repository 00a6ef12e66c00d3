"""A setting that is missing, misspelt or wrong stops the start and is named with what to do."""

import pytest

from callmissed.kit.tokens import mint_key
from callmissed.runtime.settings import (
    Settings,
    SettingsError,
    describe_settings,
    load_settings,
    usable_cores,
)

REQUIRED = {
    "CALLMISSED_SECRET": "secret-of-the-tests-for-callmissed",
    "DATABASE_URL": "postgresql://callmissed@db/callmissed",
    "LIVEKIT_URL": "ws://127.0.0.1:7880",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "secret-of-the-tests-livekit-server",
}
NAMES = [row.name for row in describe_settings()]


def loaded(**given: str) -> Settings:
    return load_settings({**REQUIRED, **given})


def refused(given: dict[str, str]) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load_settings(given)
    return caught.value


def misspellings(name: str) -> list[str]:
    """A letter lost, two swapped, one doubled, in the last word of the name."""
    return [name[:-2] + name[-1], name[:-2] + name[-1] + name[-2], name + name[-1]]


@pytest.mark.parametrize("name", NAMES)
def test_a_misspelt_setting_is_refused_with_the_likely_name(name: str) -> None:
    for wrong in misspellings(name):
        given = {key: value for key, value in REQUIRED.items() if key != name}
        error = refused({**given, wrong: "1"})
        assert error.name == wrong
        assert f"Did you mean {name}?" in error.hint


def test_a_setting_in_small_letters_is_refused() -> None:
    assert "CALLMISSED_PORT?" in refused({**REQUIRED, "callmissed_port": "80"}).hint


def test_a_name_that_resembles_nothing_is_refused_too() -> None:
    error = refused({**REQUIRED, "CALLMISSED_XYZZY_QUUX_FROBNICATE": "1"})
    assert error.name == "CALLMISSED_XYZZY_QUUX_FROBNICATE"


def test_names_of_others_are_none_of_ours() -> None:
    loaded(LIVEKIT_REGION="x", DATABASE_POOL="5", PATH="/bin")
    loaded(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://traces", OTEL_SERVICE_NAME="voice")


def test_metrics_have_a_port_a_process_or_none() -> None:
    settings = loaded(CALLMISSED_METRICS_PORT="9000")
    ports = [settings.metrics_port_of(one) for one in ("api", "jobs", "worker")]  # type: ignore[arg-type]
    assert ports == [9000, 9001, 9002]
    assert loaded(CALLMISSED_METRICS_PORT="0").metrics_port_of("api") is None
    settings = loaded(CALLMISSED_METRICS_PORT="9000", CALLMISSED_PORT="9001")
    assert settings.metrics_port_of("jobs") is None
    assert loaded().metrics_host == "127.0.0.1"


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_a_missing_setting_is_named_with_its_form_and_a_command(name: str) -> None:
    error = refused({key: value for key, value in REQUIRED.items() if key != name})
    assert error.name == name
    assert "required" in error.message
    assert "form:" in error.hint
    assert "This makes one: " in error.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CALLMISSED_PORT", "0"),
        ("CALLMISSED_PORT", "http"),
        ("CALLMISSED_DATA_DIR", "relative/folder"),
        ("CALLMISSED_PUBLIC_URL", "example.org"),
        ("CALLMISSED_PUBLIC_URL", "https://example.org/path"),
        ("CALLMISSED_SECRET", "short"),
        ("CALLMISSED_SECRET", "s" * 40),
        ("CALLMISSED_SECRET", "secret-secret-secret-secret-secret-secret-"),
        ("CALLMISSED_SECRET", "changeme-0123456789abcdefghijklmnopq"),
        ("CALLMISSED_SECRET", REQUIRED["LIVEKIT_API_SECRET"]),
        ("DATABASE_URL", "mysql://db/callmissed"),
        ("LIVEKIT_URL", "http://127.0.0.1:7880"),
        ("LIVEKIT_API_SECRET", "short"),
        ("LIVEKIT_API_SECRET", "secret"),
        ("LIVEKIT_API_SECRET", "devkey: secret-of-a-documentation-page"),
        ("CALLMISSED_LIVEKIT_PORT", "65535"),
        ("CALLMISSED_WORKER_PROCESSES", "-1"),
        ("CALLMISSED_WORKER_SLOTS", "many"),
        ("CALLMISSED_LOG_LEVEL", "loud"),
        ("CALLMISSED_OUTBOUND_ALLOW", "10.0.0.0/99"),
        ("CALLMISSED_INIT_TENANT", "x" * 201),
        ("CALLMISSED_INIT_OWNER_EMAIL", "nobody"),
        ("CALLMISSED_INIT_OWNER_PASSWORD", "short"),
        ("CALLMISSED_INIT_OWNER_PASSWORD", "password1234"),
        ("CALLMISSED_SIGN_UP", "yes"),
        ("CALLMISSED_SMTP_URL", "mail.example.org"),
        ("CALLMISSED_MAIL_FROM", "nobody"),
        ("CALLMISSED_INIT_API_KEY", "cm_" + "0" * 36),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    error = refused({**REQUIRED, name: value})
    assert error.name == name
    assert "form:" in error.hint


def test_a_secret_never_stands_in_a_message_or_a_listing() -> None:
    error = refused({**REQUIRED, "CALLMISSED_INIT_OWNER_PASSWORD": "hunter2"})
    assert "hunter2" not in f"{error} {error.hint}"
    assert REQUIRED["CALLMISSED_SECRET"] not in repr(loaded())


def test_a_key_with_a_wrong_checksum_names_the_command_that_mints_one() -> None:
    key = mint_key("cm")
    assert loaded(CALLMISSED_INIT_API_KEY=key).init_api_key == key
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    assert "callmissed key mint" in refused({**REQUIRED, "CALLMISSED_INIT_API_KEY": wrong}).hint


def test_defaults_are_filled_in() -> None:
    settings = loaded()
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.livekit_public_url == "ws://127.0.0.1:7880"
    assert settings.worker_processes == usable_cores()
    assert settings.outbound_allow == ()


def test_the_public_address_follows_host_and_port() -> None:
    assert loaded(CALLMISSED_HOST="0.0.0.0").public_url == "http://127.0.0.1:8080"
    assert loaded(CALLMISSED_HOST="::1", CALLMISSED_PORT="9").public_url == "http://[::1]:9"


def test_values_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**REQUIRED, "CALLMISSED_PORT": "9000", "CALLMISSED_HOST": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CALLMISSED_OUTBOUND_ALLOW", "10.0.0.0/8, fd00::/8")
    settings = load_settings()
    assert (settings.port, settings.host) == (9000, "127.0.0.1")
    assert [str(network) for network in settings.outbound_allow] == ["10.0.0.0/8", "fd00::/8"]


def test_what_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMISSED_PORT", "9000")
    assert loaded(CALLMISSED_PORT="9001").port == 9001


def test_the_database_address_names_the_driver() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        settings = loaded(DATABASE_URL=f"{scheme}://u@h/d")
        assert settings.database_url == "postgresql+psycopg://u@h/d"


def test_each_purpose_has_its_own_key() -> None:
    settings = loaded()
    keys = {settings.derive(purpose) for purpose in (b"api-keys", b"access-jwt", b"sealing")}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}
    assert settings.derive(b"sealing") == loaded().derive(b"sealing")


def test_every_setting_says_what_it_is_its_form_and_its_default() -> None:
    for row in describe_settings():
        assert row.description.endswith(".")
        assert row.form
        assert row.default
