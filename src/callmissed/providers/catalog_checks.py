"""What a stanza of the catalogue must hold to, so that nobody learns of a slip when they call."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from callmissed.domain.models import Family, Model, Provider, Service
from callmissed.kit.addresses import AddressError, parse_target
from callmissed.providers.openai.audio_options import HearingOptions, SpeechOptions
from callmissed.providers.openai.chat_options import read_chat_options
from callmissed.providers.openai.embedding_options import read_embedding_options
from callmissed.providers.options import read_options
from callmissed.providers.sarvam.stt_options import read_listening_options
from callmissed.providers.sarvam.tts_options import VoiceOptions
from callmissed.providers.stanzas import CatalogError

LOCAL = "local"
SARVAM = "sarvam"
WIRES = (LOCAL, "openai", SARVAM)

ReadOptions = Callable[[Mapping[str, Any]], object]
_READ_OPTIONS: dict[tuple[str, Service], ReadOptions] = {
    ("openai", Service.LLM): read_chat_options,
    ("openai", Service.STT): partial(read_options, HearingOptions),
    ("openai", Service.TTS): partial(read_options, SpeechOptions),
    ("openai", Service.EMBEDDING): read_embedding_options,
    (SARVAM, Service.LLM): read_chat_options,
    (SARVAM, Service.STT): read_listening_options,
    (SARVAM, Service.TTS): partial(read_options, VoiceOptions),
}

Find = Callable[[Service, str], Model | None]

_PROVIDER_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")


def check_provider(provider: Provider) -> None:
    """Raises CatalogError."""
    if _PROVIDER_NAME.fullmatch(provider.name) is None:
        raise _wrong(provider, "its name is not of small letters, digits and dashes")
    if provider.wire not in WIRES:
        raise _wrong(provider, f"its wire {provider.wire!r} is none of {', '.join(WIRES)}")
    limits = (provider.max_stt_sockets, provider.max_tts_sockets, provider.requests_per_minute)
    if any(limit is not None and limit < 1 for limit in limits):
        raise _wrong(provider, "a limit is below 1")
    if (provider.wire == LOCAL) != (provider.name == LOCAL):
        raise _wrong(provider, f"only the provider {LOCAL} has the wire {LOCAL}")
    if provider.name == LOCAL:
        return
    try:
        parse_target(provider.base_url)
    except AddressError as error:
        raise _wrong(provider, f"its base_url cannot be used: {error}") from error
    if provider.base_url.endswith("/"):
        raise _wrong(provider, "its base_url ends with a slash")


def check_family(family: Family) -> None:
    """Raises CatalogError."""
    for form in family.forms:
        if form.count("{vendor}") != 1 or form.count("{model}") != 1:
            raise CatalogError(
                f"[[families]] {family.provider}: the form {form!r} needs one {{vendor}} and one "
                "{model}"
            )
    if family.service is Service.LLM:
        _check_options(family.options, f"[[families]] {family.provider}", read_chat_options)


def check_model(model: Model, wire: str, find: Find) -> None:
    """`wire` is its provider's. Raises CatalogError."""
    parts = {*model.female_voices, *model.deprecated_voices}
    if not parts <= set(model.voices):
        raise _odd(model, f"{sorted(parts - set(model.voices))} are not in its voices")
    if model.service is Service.TTS and not model.voices:
        raise _odd(model, "a text-to-speech model needs voices")
    for listed in (model.languages, model.voices, model.spares):
        if len(set(listed)) < len(listed):
            raise _odd(model, "a language, voice or spare stands twice")
    for language in model.languages:
        if _LANGUAGE.fullmatch(language) is None:
            raise _odd(model, f"{language!r} is no BCP-47 tag such as en-IN")
    if (model.provider == LOCAL) != model.id.startswith(f"{LOCAL}/"):
        raise _odd(model, f"only ids of the provider {LOCAL} start with {LOCAL}/")
    for spare in model.spares:
        if spare == model.id or find(model.service, spare) is None:
            raise _odd(model, f"its spare {spare!r} is not another model of the service")
    if (read := _READ_OPTIONS.get((wire, model.service))) is not None:
        _check_options(model.options, f"[[models]] {model.id}", read)
    if model.service is Service.EMBEDDING and wire != "openai":
        raise _odd(model, "embeddings are asked for over the wire openai only")
    _check_fallback(model, find)


def _check_options(options: Mapping[str, Any], stanza: str, read: ReadOptions) -> None:
    try:
        read(options)
    except ValueError as error:
        raise CatalogError(f"{stanza}: {error}") from error


def _check_fallback(model: Model, find: Find) -> None:
    if model.fallback is None:
        return
    fallback = find(model.service, model.fallback)
    if fallback is None or fallback.provider != LOCAL:
        raise _odd(model, f"its fallback {model.fallback!r} is not local")
    seen = {model.id}
    while fallback is not None:
        if fallback.id in seen:
            raise _odd(model, "its fallbacks lead back to it")
        seen.add(fallback.id)
        step = fallback.fallback
        fallback = None if step is None else find(model.service, step)


def _wrong(provider: Provider, what: str) -> CatalogError:
    return CatalogError(f"[[providers]] {provider.name}: {what}")


def _odd(model: Model, what: str) -> CatalogError:
    return CatalogError(f"[[models]] {model.id} ({model.service}): {what}")
