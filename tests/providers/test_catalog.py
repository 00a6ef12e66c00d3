"""The catalogue holds what the documents promise, and a contradiction stops the start."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from callmissed.domain.models import ModelStatus, Service
from callmissed.providers.catalog import CatalogError, load_catalog, parse_catalog

CATALOG = load_catalog()
SHIPPED = (files("callmissed.providers") / "catalog.toml").read_text("utf-8")

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


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ('[[models]]\nid = "x"\nservice = "llm"\nprovider = "nobody"\nupstream = "x"', "nobody"),
        (
            '[[models]]\nid = "x"\nservice = "llm"\nprovider = "ollama"',
            "x (llm): the field 'upstre",
        ),
        (
            '[[models]]\nid = "kimi-k2.5"\nservice = "llm"\nspares = ["kimi-k2.5"]',
            "kimi-k2.5 (llm)",
        ),
        ('[[models]]\nid = "kimi-k2.5"\nservice = "llm"\nspares = ["nobody"]', "'nobody'"),
        ('[[models]]\nid = "saaras:v3"\nservice = "stt"\nlanguages = "en"', "saaras:v3 (stt)"),
        ('[[models]]\nid = "saaras:v3"\nservice = "stt"\nlanguages = ["english"]', "english"),
        ('[[models]]\nid = "saaras:v3"\nservice = "stt"\nlanguages = ["en", "en"]', "twice"),
        ('[[providers]]\nname = "sarvam"\nwire = "grpc"', "[[providers]] sarvam"),
        ('[[providers]]\nname = "mine"\nwire = "openai"', "[[providers]] mine"),
        ('[[providers]]\nname = "sarvam"\nbase_url = "ftp://a.example"', "[[providers]] sarvam"),
        ('[[providers]]\nname = "sarvam"\nmax_stt_sockets = 0', "below 1"),
        ('[[providers]]\nname = "sarvam"\nkey = "sk-secret-in-a-file"', "'key'"),
        ('[[providers]]\nbase_url = "http://a.example"', "has no name"),
        ('[[providers]]\nname = "Mine!"\nwire = "openai"\nbase_url = "http://a.b"', "Mine!"),
        ('[[families]]\nservice = "llm"\nprovider = "ollama"\nforms = ["o/{model}"]', "{vendor}"),
        (
            '[[models]]\nid = "saaras:v3"\nservice = "stt"\noptions = { mode = "shout" }',
            "saaras:v3: the listening option 'mode'",
        ),
        ('[[model]]\nid = "x"', "'model'"),
        ('[defaults]\nllm = "nobody"', "[defaults]"),
        ("not toml", "own.toml"),
    ],
)
def test_a_slip_in_the_operator_s_file_names_its_stanza(over: str, told: str) -> None:
    with pytest.raises(CatalogError) as caught:
        parse_catalog(SHIPPED, over, name="own.toml")
    assert told in str(caught.value)
    assert "sk-secret" not in str(caught.value)


def test_the_operator_s_file_is_laid_over_ours_field_by_field(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        """
[defaults]
llm = "llama"

[[providers]]
name = "sarvam"
max_stt_sockets = 100

[[models]]
id = "llama"
service = "llm"
provider = "ollama"
upstream = "llama3.2"

[[models]]
id = "bulbul:v3"
service = "tts"
status = "maintenance"
"""
    )
    catalog = load_catalog(own)
    assert catalog.defaults == {**CATALOG.defaults, Service.LLM: "llama"}
    assert catalog.providers["sarvam"] == replace(CATALOG.providers["sarvam"], max_stt_sockets=100)
    bulbul, ours = (one.find(Service.TTS, "bulbul:v3") for one in (catalog, CATALOG))
    assert ours is not None and bulbul == replace(ours, status=ModelStatus.MAINTENANCE)
    llama = catalog.find(Service.LLM, "llama")
    assert llama is not None and (llama.provider, llama.status) == ("ollama", "available")
    assert len(catalog.models) == len(CATALOG.models) + 1


@pytest.mark.parametrize(
    ("asked", "goes_to"),
    [
        ("openrouter/moonshotai/kimi-k3", ("openrouter", "moonshotai/kimi-k3")),
        ("moonshotai/kimi-k3:free", ("openrouter", "moonshotai/kimi-k3:free")),
        ("openrouter/auto", ("openrouter", "openrouter/auto")),
        ("openrouter/moonshotai/kimi-k2.5", ("openrouter", "moonshotai/kimi-k2.5")),
        ("moonshot/kimi-k2.5", ("moonshot", "kimi-k2.5")),
        ("moonshot/kimi-k9", None),
        ("local/nothing", None),
        ("sarvam/sarvam-105b", None),
        ("a/b/c", None),
        ("a//b", None),
        ("a/b c", None),
        ("ä/b", None),
        ("../b", None),
    ],
)
def test_an_id_of_openrouter_needs_no_stanza(asked: str, goes_to: tuple[str, str] | None) -> None:
    found = CATALOG.find(Service.LLM, asked)
    assert (None if found is None else (found.provider, found.upstream)) == goes_to
    assert CATALOG.find(Service.TTS, asked) is None


def test_other_addresses_are_the_operator_s() -> None:
    moved = CATALOG.with_base_urls({"sarvam": "http://127.0.0.1:20500/sarvam"})
    assert moved.providers["sarvam"].base_url == "http://127.0.0.1:20500/sarvam"
    assert moved.providers["sarvam"].key_header == "api-subscription-key"
    with pytest.raises(CatalogError, match="nobody"):
        CATALOG.with_base_urls({"nobody": "http://127.0.0.1"})


def test_a_machine_without_any_voice_cannot_start() -> None:
    with pytest.raises(CatalogError, match="bulbul:v3"):
        CATALOG.without("local/flite", "local/espeak-ng")
