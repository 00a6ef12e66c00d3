"""The list of models: `catalog.toml`, read and checked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

from callmissed.domain.models import Model, ModelStatus, Price, Service

LOCAL = "local"

_TUPLES = ("languages", "voices", "sample_rates_hz", "female_voices", "deprecated_voices")


class CatalogError(Exception):
    """The catalogue contradicts itself; the message names the stanza."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every known model in the order of the file; `defaults` stand for a field left out."""

    models: tuple[Model, ...]
    defaults: Mapping[Service, str]

    def find(self, service: Service, model_id: str) -> Model | None:
        for model in self.models:
            if model.id == model_id and model.service is service:
                return model
        return None

    def of(self, service: Service) -> tuple[Model, ...]:
        return tuple(model for model in self.models if model.service is service)

    def without(self, *model_ids: str) -> "Catalog":
        """The catalogue of a machine that lacks these; fallbacks step over them.

        Raises CatalogError where a default would be left with nothing to fall back on.
        """
        gone = {model.id: model.fallback for model in self.models if model.id in model_ids}
        kept = [_relink(model, gone) for model in self.models if model.id not in gone]
        narrowed = Catalog(tuple(kept), self.defaults)
        _check(narrowed)
        return narrowed


def load_catalog() -> Catalog:
    """The catalogue that ships with the package. Raises CatalogError."""
    return parse_catalog((files("callmissed.providers") / "catalog.toml").read_text("utf-8"))


def parse_catalog(text: str) -> Catalog:
    """Raises CatalogError for anything that would only be noticed when somebody calls."""
    try:
        document = tomllib.loads(text)
        defaults = {Service(name): str(model) for name, model in document["defaults"].items()}
        models = tuple(_read_model(stanza) for stanza in document["models"])
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogError(f"catalog.toml cannot be read: {error!r}") from error
    catalog = Catalog(models, defaults)
    _check(catalog)
    return catalog


def _read_model(stanza: dict[str, Any]) -> Model:
    values = {"languages": (), **stanza}
    values["service"] = Service(values["service"])
    values["status"] = ModelStatus(values["status"])
    values["prices"] = tuple(Price(**price) for price in values.get("prices", ()))
    values |= {name: tuple(values[name]) for name in _TUPLES if name in values}
    return Model(**values)


def _check(catalog: Catalog) -> None:
    ids = [model.id for model in catalog.models]
    if repeated := {model_id for model_id in ids if ids.count(model_id) > 1}:
        raise CatalogError(f"listed twice: {sorted(repeated)}")
    for service in Service:
        default = catalog.defaults.get(service)
        if default is None or catalog.find(service, default) is None:
            raise CatalogError(f"the default {service} model {default!r} is not listed")
    for model in catalog.models:
        _check_model(catalog, model)


def _check_model(catalog: Catalog, model: Model) -> None:
    parts = {*model.female_voices, *model.deprecated_voices}
    if not parts <= set(model.voices):
        raise CatalogError(f"{model.id}: {sorted(parts - set(model.voices))} are not in its voices")
    if model.service is Service.TTS and not model.voices:
        raise CatalogError(f"{model.id}: a text-to-speech model needs voices")
    if (model.provider == LOCAL) != model.id.startswith(f"{LOCAL}/"):
        raise CatalogError(f"{model.id}: only ids of the provider {LOCAL} start with {LOCAL}/")
    if model.fallback is None:
        return
    fallback = catalog.find(model.service, model.fallback)
    if fallback is None or fallback.provider != LOCAL:
        raise CatalogError(f"{model.id}: its fallback {model.fallback!r} is not local")
    if fallback.fallback == model.id:
        raise CatalogError(f"{model.id}: its fallback falls back on it")


def _relink(model: Model, gone: Mapping[str, str | None]) -> Model:
    fallback = model.fallback
    while fallback is not None and fallback in gone:
        fallback = gone[fallback]
    if fallback is None and model.fallback is not None and model.provider != LOCAL:
        missing = ", ".join(sorted(gone))
        raise CatalogError(f"no local model is left for {model.id}: {missing} are missing")
    return replace(model, fallback=fallback)
