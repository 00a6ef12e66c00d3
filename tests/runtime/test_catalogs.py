"""The installation's own catalogue, keys and addresses: a slip stops the start and is named."""

from pathlib import Path

import pytest

from callmissed.runtime.catalogs import read_catalog
from callmissed.runtime.setting_groups import without_provider_keys
from callmissed.runtime.settings import SettingsError
from tests.runtime.test_settings import REQUIRED, loaded, refused

KEY = "sk_of_the_platform_1234567"


def told(**given: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        read_catalog(loaded(**given))
    assert KEY not in f"{caught.value} {caught.value.hint}"
    return caught.value


def test_keys_and_addresses_come_from_the_environment() -> None:
    settings = loaded(
        CALLMISSED_SARVAM_API_KEY=KEY,
        CALLMISSED_PROVIDER_KEYS=f"vllm={KEY}=, ollama = {KEY}",
        CALLMISSED_CLARIFAI_URL="http://127.0.0.1:20500/clarifai/v2/",
    )
    assert settings.platform_keys() == {"sarvam": KEY, "vllm": f"{KEY}=", "ollama": KEY}
    catalog = read_catalog(settings)
    assert catalog.providers["clarifai"].base_url == "http://127.0.0.1:20500/clarifai/v2"
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CALLMISSED_SARVAM_API_KEY", "short"),
        ("CALLMISSED_SARVAM_API_KEY", f"{KEY} {KEY}"),
        ("CALLMISSED_PROVIDER_KEYS", KEY),
        ("CALLMISSED_PROVIDER_KEYS", f"={KEY}"),
        ("CALLMISSED_PROVIDER_KEYS", f"vllm={KEY} {KEY}"),
        ("CALLMISSED_SARVAM_URL", "api.sarvam.ai"),
        ("CALLMISSED_SARVAM_URL", f"https://user:{KEY}@api.sarvam.ai"),
        ("CALLMISSED_SARVAM_URL", "https://api.sarvam.ai/?a=b"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start(name: str, value: str) -> None:
    error = refused({**REQUIRED, name: value})
    assert error.name == name and KEY not in f"{error} {error.hint}"


def test_a_key_for_a_provider_that_is_not_listed_stops_the_start() -> None:
    error = told(CALLMISSED_PROVIDER_KEYS=f"groq={KEY}")
    assert error.name == "CALLMISSED_PROVIDER_KEYS" and "groq" in str(error)


def test_a_file_that_is_wrong_or_missing_stops_the_start(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    assert told(CALLMISSED_CATALOG=str(own)).name == "CALLMISSED_CATALOG"
    own.write_text('[[models]]\nid = "llama"\nservice = "llm"\nprovider = "ollama"')
    assert "[[models]] llama (llm)" in str(told(CALLMISSED_CATALOG=str(own)))
    own.write_bytes(b"\xff\xfe")
    assert told(CALLMISSED_CATALOG=str(own)).name == "CALLMISSED_CATALOG"


def test_a_provider_of_the_file_takes_a_key_of_the_settings(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[[providers]]\nname = "groq"\nwire = "openai"\nbase_url = "https://a.example"')
    given = {"CALLMISSED_CATALOG": str(own), "CALLMISSED_PROVIDER_KEYS": f"groq={KEY}"}
    settings = loaded(**given)
    assert read_catalog(settings).providers["groq"].base_url == "https://a.example"
    assert settings.platform_keys() == {"groq": KEY}


def test_call_processes_do_not_inherit_keys() -> None:
    given = {"CALLMISSED_MOONSHOT_API_KEY": KEY, "CALLMISSED_PROVIDER_KEYS": KEY, "PATH": "/bin"}
    assert without_provider_keys(given) == {"PATH": "/bin"}
