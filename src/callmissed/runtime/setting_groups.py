"""Settings that belong together: how people sign in, what the first start makes."""

from typing import Literal

from pydantic_settings import BaseSettings

from callmissed.domain.people import MIN_PASSWORD_CHARS
from callmissed.runtime.setting_forms import (
    ApiKey,
    Email,
    Name,
    Password,
    SmtpUrl,
    setting,
)


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
