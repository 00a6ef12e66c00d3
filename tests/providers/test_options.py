"""A slip in a model's options is found before anybody calls."""

from importlib.resources import files
from typing import Any

import pytest

from callmissed.providers.catalog import load_catalog, parse_catalog
from callmissed.providers.openai.audio_options import HearingOptions, SpeechOptions
from callmissed.providers.options import read_options
from callmissed.providers.sarvam.tts_options import VoiceOptions
from callmissed.providers.stanzas import CatalogError

SHIPPED = (files("callmissed.providers") / "catalog.toml").read_text("utf-8")
OWN = """
[[providers]]
name = "speech"
wire = "openai"
base_url = "http://127.0.0.1:8010/v1"
needs_key = false

[[models]]
id = "kokoro"
service = "tts"
provider = "speech"
upstream = "kokoro"
voices = ["af_heart"]
options = {options}
"""


def test_what_is_missing_is_the_default() -> None:
    assert read_options(SpeechOptions, {}) == SpeechOptions()
    assert read_options(VoiceOptions, {"pace": 1}) == VoiceOptions(pace=1.0)
    assert read_options(HearingOptions, {"body": {"vad": True}}).body == {"vad": True}


@pytest.mark.parametrize(
    ("kind", "options", "name"),
    [
        (SpeechOptions, {"voice": "x"}, "voice"),
        (SpeechOptions, {"response_format": "mp3"}, "response_format"),
        (SpeechOptions, {"rate_hz": "24000"}, "rate_hz"),
        (HearingOptions, {"detects_language": 1}, "detects_language"),
        (HearingOptions, {"body": {"words": ["a"]}}, "body"),
        (VoiceOptions, {"codec": "mp3"}, "codec"),
        (VoiceOptions, {"rate_hz": True}, "rate_hz"),
    ],
)
def test_a_slip_is_named(kind: type[Any], options: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        read_options(kind, options)


def test_it_stops_the_start_and_names_the_stanza() -> None:
    bulbul = "[[models]]\nid = 'bulbul:v3'\nservice = 'tts'\noptions = { pitch = 1 }"
    with pytest.raises(CatalogError, match=r"bulbul:v3.*pitch"):
        parse_catalog(SHIPPED, bulbul, name="own.toml")
    with pytest.raises(CatalogError, match=r"kokoro.*spead"):
        parse_catalog(SHIPPED, OWN.replace("{options}", "{ spead = 1.2 }"), name="own.toml")
    assert load_catalog().models
