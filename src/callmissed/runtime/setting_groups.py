"""Settings that belong together: how people sign in, what the first start makes, who serves models."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic_settings import BaseSettings

from callmissed.domain.people import MIN_PASSWORD_CHARS
from callmissed.runtime.setting_forms import (
    AbsolutePath,
    ApiKey,
    BaseUrl,
    Email,
    FirstOfThreePortsOrNone,
    HttpUrl,
    Name,
    Password,
    ProviderKey,
    ProviderKeys,
    SmtpUrl,
    setting,
)

# Those of the catalogue that ships, which have settings of their own.
SHIPPED_PROVIDERS = ("sarvam", "clarifai", "openrouter", "moonshot")


class PeopleSettings(BaseSettings):
    """Who may come, and how they are written to."""

    sign_up: Literal["open", "closed"] = setting(
        "CALLMISSED_SIGN_UP",
        "Whether strangers may sign up, each with a tenant of their own; people are invited "
        "otherwise.",
        form="open or closed",
        default="closed",
    )
    smtp_url: SmtpUrl | None = setting(
        "CALLMISSED_SMTP_URL",
        "The mail server that invitations and password links are sent through. `smtps` is TLS from "
        "the start, `smtp` turns to TLS (STARTTLS), which only a server on this machine may lack.",
        form="smtp(s)://[user:password@]host[:port], with %-escapes in user and password",
        default=None,
        shown="none: links are shown once to who made them",
        secret=True,
    )
    mail_from: Email | Literal[""] = setting(
        "CALLMISSED_MAIL_FROM",
        "Sender of those mails.",
        form="name@host",
        default="",
        shown="callmissed@<host of CALLMISSED_PUBLIC_URL>",
    )


class FirstStartSettings(BaseSettings):
    """What the first start makes."""

    init_tenant: Name = setting(
        "CALLMISSED_INIT_TENANT",
        "Name of the tenant made at the first start.",
        form="1 to 200 characters",
        default="My company",
    )
    init_owner_email: Email | None = setting(
        "CALLMISSED_INIT_OWNER_EMAIL",
        "E-mail address of the owner made at the first start.",
        form="name@host",
        default=None,
        shown="none",
    )
    init_owner_password: Password | None = setting(
        "CALLMISSED_INIT_OWNER_PASSWORD",
        "Password of that owner.",
        form=f"at least {MIN_PASSWORD_CHARS} characters",
        make="openssl rand -base64 18",
        default=None,
        shown="none",
        secret=True,
    )
    init_api_key: ApiKey | None = setting(
        "CALLMISSED_INIT_API_KEY",
        "API key of the tenant made at the first start.",
        form="cm_ and 36 characters",
        make="callmissed key mint",
        default=None,
        shown="made at the first start and shown once",
        secret=True,
    )
    init_bot: Name = setting(
        "CALLMISSED_INIT_BOT",
        "Name of the sample bot made at the first start.",
        form="1 to 200 characters",
        default="Clinic reception",
    )


class WatchingSettings(BaseSettings):
    """Where the installation tells how it does."""

    metrics_host: str = setting(
        "CALLMISSED_METRICS_HOST",
        "Address on which each process shows its metrics to whoever asks: keep it private.",
        form="an IP address or a host name",
        default="127.0.0.1",
    )
    metrics_port: FirstOfThreePortsOrNone = setting(
        "CALLMISSED_METRICS_PORT",
        "TCP port of the API's `/metrics`; the next is that of the jobs, the one after that of the "
        "worker. A process whose port is taken runs without.",
        form="1 to 65533, or 0 for none",
        default=9464,
    )
    otlp_endpoint: HttpUrl | None = setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "The collector that gets a trace of each call, by OTLP over HTTP. OpenTelemetry's other "
        "variables (headers, certificates, resource attributes) hold as they stand.",
        form="http(s)://host[:port]",
        default=None,
        shown="none",
    )


def _key_of(provider: str) -> Any:
    return setting(
        f"CALLMISSED_{provider.upper()}_API_KEY",
        f"Key with the provider {provider}, for every tenant without one of its own.",
        form="the provider's key",
        default=None,
        shown="none",
        secret=True,
    )


def _url_of(provider: str) -> Any:
    return setting(
        f"CALLMISSED_{provider.upper()}_URL",
        f"Base URL of the provider {provider}: a proxy, a region, or the simulated one.",
        form="http(s)://host[:port][/path]",
        default=None,
        shown="the catalogue's",
    )


class ProviderSettings(BaseSettings):
    """Who serves models, and with which keys."""

    catalog: AbsolutePath | None = setting(
        "CALLMISSED_CATALOG",
        "A file with providers and models of this installation, laid over the catalogue that "
        "ships.",
        form="the path of a TOML file",
        default=None,
        shown="none",
    )
    provider_keys: ProviderKeys = setting(
        "CALLMISSED_PROVIDER_KEYS",
        "Keys with providers of that file, for every tenant without one of its own.",
        form="name=key with commas between them",
        factory=dict,
        shown="none",
        secret=True,
    )
    sarvam_api_key: ProviderKey | None = _key_of("sarvam")
    clarifai_api_key: ProviderKey | None = _key_of("clarifai")
    openrouter_api_key: ProviderKey | None = _key_of("openrouter")
    moonshot_api_key: ProviderKey | None = _key_of("moonshot")
    sarvam_url: BaseUrl | None = _url_of("sarvam")
    clarifai_url: BaseUrl | None = _url_of("clarifai")
    openrouter_url: BaseUrl | None = _url_of("openrouter")
    moonshot_url: BaseUrl | None = _url_of("moonshot")

    def platform_keys(self) -> Mapping[str, str]:
        """The installation's own keys by the provider's name."""
        own = {name: getattr(self, f"{name}_api_key") for name in SHIPPED_PROVIDERS}
        return {**self.provider_keys, **{name: key for name, key in own.items() if key}}

    def provider_urls(self) -> Mapping[str, str]:
        """Base URLs that win over the catalogue's, by the provider's name."""
        own = {name: getattr(self, f"{name}_url") for name in SHIPPED_PROVIDERS}
        return {name: url for name, url in own.items() if url}


def without_provider_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for processes that are told the keys which they need."""
    secret = {"CALLMISSED_PROVIDER_KEYS"}
    secret |= {f"CALLMISSED_{provider.upper()}_API_KEY" for provider in SHIPPED_PROVIDERS}
    return {name: value for name, value in environment.items() if name not in secret}
