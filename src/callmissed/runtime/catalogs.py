"""The catalogue of an installation: what ships, its own file over it, its own addresses."""

from callmissed.providers.catalog import Catalog, CatalogError, load_catalog
from callmissed.runtime.settings import Settings, SettingsError

FILE = "CALLMISSED_CATALOG"
KEYS = "CALLMISSED_PROVIDER_KEYS"
GUIDE = "docs/guides/providers.md shows how a stanza is written."


def read_catalog(settings: Settings) -> Catalog:
    """Raises SettingsError, naming the stanza that is wrong or the provider that is not listed."""
    try:
        catalog = load_catalog(settings.catalog).with_base_urls(settings.provider_urls())
    except CatalogError as error:
        raise SettingsError(FILE, f"cannot be used: {error}.", GUIDE) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(FILE, "names a file that cannot be read.", GUIDE) from error
    for name in settings.provider_keys:
        if name not in catalog.providers:
            listed = ", ".join(catalog.providers)
            hint = f"Providers of the catalogue: {listed}. {GUIDE}"
            raise SettingsError(
                KEYS, f"names the provider {name[:40]!r}, which is not listed.", hint
            )
    return catalog
