"""The catalogue holds what the documents promise, and a contradiction stops the start."""

import pytest

from callmissed.domain.models import Service
from callmissed.providers.catalog import CatalogError, load_catalog, parse_catalog

CATALOG = load_catalog()

STANZA = """
[defaults]
stt = "local/a"
llm = "local/b"
tts = "local/c"
""" + "".join(
    f"""
[[models]]
id = "local/{name}"
service = "{service}"
provider = "local"
upstream = "{name}"
status = "available"
voices = {voices}
"""
    for name, service, voices in (("a", "stt", []), ("b", "llm", []), ("c", "tts", ["v"]))
)


def test_the_numbers_of_the_documents() -> None:
    bulbul = CATALOG.find(Service.TTS, "bulbul:v3")
    saaras = CATALOG.find(Service.STT, "saaras:v3")
    assert bulbul is not None and saaras is not None
    assert len(set(bulbul.voices)) == 39 and len(set(bulbul.languages)) == 11
    assert len(set(saaras.languages)) == 23
    assert set(bulbul.languages) < set(saaras.languages)
    assert bulbul.deprecated_voices == ("amelia", "sophia")
    assert bulbul.voices[0] == "shubh"
    kimi = CATALOG.find(Service.LLM, "kimi-k2.5")
    assert kimi is not None
    assert [price.micros for price in kimi.prices] == [520_000, 2_300_000]


def test_a_small_catalogue_is_read() -> None:
    assert [model.id for model in parse_catalog(STANZA).models] == ["local/a", "local/b", "local/c"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('stt = "local/a"', 'stt = "local/z"'),
        ('id = "local/b"', 'id = "local/a"'),
        ('service = "llm"', 'service = "lmm"'),
        ('status = "available"', 'status = "fine"'),
        ('provider = "local"', 'provider = "sarvam"'),
        ("voices = ['v']", "voices = []"),
        ('upstream = "c"', 'upstream = "c"\nfemale_voices = ["w"]'),
        ('upstream = "c"', 'upstream = "c"\nfallback = "local/a"'),
        ('upstream = "c"', 'upstream = "c"\nfallback = "local/c"'),
        ('upstream = "c"', 'upstream = "c"\ncolour = "blue"'),
        ("[defaults]", "[defaults"),
        ('upstream = "c"', ""),
    ],
)
def test_a_contradiction_is_named_at_the_start(old: str, new: str) -> None:
    assert old in STANZA
    with pytest.raises(CatalogError):
        parse_catalog(STANZA.replace(old, new, 1))


def test_a_machine_without_any_voice_cannot_start() -> None:
    with pytest.raises(CatalogError, match="bulbul:v3"):
        CATALOG.without("local/flite", "local/espeak-ng")
