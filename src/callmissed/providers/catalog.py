"""The list of providers and models: `catalog.toml`, what the operator lays over it, checked."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from callmissed.domain.models import Family, Model, ModelStatus, Provider, Service
from callmissed.providers import catalog_checks
from callmissed.providers.stanzas import CatalogError as CatalogError
from callmissed.providers.stanzas import (
    Document,
    lay_over,
    read_document,
    read_families,
    read_models,
    read_providers,
)

LOCAL = "local"
# A call runs without it; the others it always needs.
WITHOUT_A_DEFAULT = frozenset({Service.EMBEDDING})
LOCAL_PROVIDER = Provider(LOCAL, wire=LOCAL, needs_key=False)

_PARTS = {"{vendor}": r"(?P<vendor>[\w][\w.~-]*)", "{model}": r"(?P<model>[\w][\w.:~@-]*)"}


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every known model in the order of the file; `defaults` stand for a field left out. Services
    of `WITHOUT_A_DEFAULT` may have none.
    """

    models: tuple[Model, ...]
    defaults: Mapping[Service, str]
    providers: Mapping[str, Provider] = field(default_factory=lambda: {LOCAL: LOCAL_PROVIDER})
    families: tuple[Family, ...] = ()

    def find(self, service: Service, model_id: str) -> Model | None:
        """The stanza of the id, else a model of the family whose form the id has."""
        for model in self.models:
            if model.id == model_id and model.service is service:
                return model
        for family in self.families:
            if family.service is service and (found := self._relative(family, model_id)):
                return found
        return None

    def of(self, service: Service) -> tuple[Model, ...]:
        return tuple(model for model in self.models if model.service is service)

    def known_ids(self, asked: Iterable[str] = ()) -> frozenset[str]:
        """Every id that is listed, and those of `asked` that a family takes in."""
        taken = {one for one in asked for service in Service if self.find(service, one)}
        return frozenset(model.id for model in self.models) | taken

    def without(self, *model_ids: str) -> "Catalog":
        """The catalogue of a machine that lacks these; fallbacks and spares step over them.

        Raises CatalogError where a default would be left with nothing to fall back on.
        """
        gone = {model.id: model.fallback for model in self.models if model.id in model_ids}
        kept = [_relink(model, gone) for model in self.models if model.id not in gone]
        narrowed = replace(self, models=tuple(kept))
        _check(narrowed)
        return narrowed

    def with_base_urls(self, urls: Mapping[str, str]) -> "Catalog":
        """`urls` by the provider's name. Raises CatalogError for a name that is not listed."""
        for name in urls:
            self.need_provider(name)
        moved = {name: replace(self.providers[name], base_url=url) for name, url in urls.items()}
        changed = replace(self, providers={**self.providers, **moved})
        _check(changed)
        return changed

    def need_provider(self, name: str) -> Provider:
        """Raises CatalogError for a name that is not listed."""
        if name not in self.providers:
            raise CatalogError(f"there is no provider {name!r} among {sorted(self.providers)}")
        return self.providers[name]

    def _relative(self, family: Family, model_id: str) -> Model | None:
        """A vendor that has the name of one of our providers is that provider, not a vendor."""
        for form in family.forms:
            match = _pattern_of(form).fullmatch(model_id)
            if match is None:
                continue
            vendor, model = match["vendor"], match["model"]
            if vendor != family.provider and vendor in self.providers:
                continue
            return Model(
                id=model_id,
                service=family.service,
                provider=family.provider,
                upstream=f"{vendor}/{model}",
                status=ModelStatus.AVAILABLE,
                languages=(),
                options=family.options,
            )
        return None


def load_catalog(own: Path | None = None) -> Catalog:
    """The catalogue that ships with the package, with the operator's file laid over it.

    Raises CatalogError; OSError where `own` cannot be read.
    """
    shipped = (files("callmissed.providers") / "catalog.toml").read_text("utf-8")
    if own is None:
        return parse_catalog(shipped)
    return parse_catalog(shipped, own.read_text("utf-8"), name=own.name)


def parse_catalog(text: str, over: str = "", *, name: str = "the catalogue") -> Catalog:
    """`over` is a second file, `name` what it is called.

    Raises CatalogError for anything that would only be noticed when somebody calls.
    """
    document = lay_over(read_document(text, "catalog.toml"), read_document(over, name))
    listed = read_providers(document["providers"])
    providers = {LOCAL: LOCAL_PROVIDER, **{provider.name: provider for provider in listed}}
    catalog = Catalog(
        read_models(document["models"]),
        _read_defaults(document),
        providers,
        read_families(document["families"]),
    )
    _check(catalog)
    return catalog


def _read_defaults(document: Document) -> dict[Service, str]:
    try:
        return {Service(name): str(model) for name, model in document["defaults"].items()}
    except ValueError as error:
        raise CatalogError(f"[defaults]: {error}") from error


def _check(catalog: Catalog) -> None:
    for service in Service:
        default = catalog.defaults.get(service)
        if default is None and service in WITHOUT_A_DEFAULT:
            continue
        if default is None or catalog.find(service, default) is None:
            raise CatalogError(f"[defaults]: the {service} model {default!r} is not listed")
    for provider in catalog.providers.values():
        catalog_checks.check_provider(provider)
    for family in catalog.families:
        catalog.need_provider(family.provider)
        catalog_checks.check_family(family)
    for model in catalog.models:
        wire = catalog.need_provider(model.provider).wire
        catalog_checks.check_model(model, wire, catalog.find)


@lru_cache(maxsize=64)
def _pattern_of(form: str) -> re.Pattern[str]:
    """Letters, digits and a few signs stand for `{vendor}` and `{model}`, in ASCII."""
    pattern = re.escape(form)
    for part, meant in _PARTS.items():
        pattern = pattern.replace(re.escape(part), meant)
    return re.compile(pattern, re.ASCII)


def _relink(model: Model, gone: Mapping[str, str | None]) -> Model:
    fallback = model.fallback
    while fallback is not None and fallback in gone:
        fallback = gone[fallback]
    if fallback is None and model.fallback is not None and model.provider != LOCAL:
        missing = ", ".join(sorted(gone))
        raise CatalogError(f"no local model is left for {model.id}: {missing} are missing")
    spares = tuple(spare for spare in model.spares if spare not in gone)
    return replace(model, fallback=fallback, spares=spares)
