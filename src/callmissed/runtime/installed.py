"""The settings of an installation that `callmissed up` made on this machine."""

import os
from pathlib import Path

from callmissed.runtime.embedded.postgres import database_url
from callmissed.runtime.embedded.secrets import FILE_NAME, keep_secrets
from callmissed.runtime.settings import Settings, default_data_dir, load_settings


def load_installed(data_dir: Path | None) -> Settings:
    """The environment's settings; what it lacks is taken from the data folder of `up`.

    Raises SettingsError, as `load_settings`, where that folder holds no installation.
    """
    named = os.environ.get("CALLMISSED_DATA_DIR")
    folder = data_dir or (Path(named) if named else default_data_dir())
    given = {"CALLMISSED_DATA_DIR": str(folder)}
    if not (folder / FILE_NAME).exists():
        return load_settings(given)
    secrets = keep_secrets(folder)
    made = {
        "CALLMISSED_SECRET": secrets.secret,
        "DATABASE_URL": database_url(folder, secrets.postgres_password),
        "LIVEKIT_URL": "ws://127.0.0.1:7880",
        "LIVEKIT_API_KEY": secrets.livekit_api_key,
        "LIVEKIT_API_SECRET": secrets.livekit_api_secret,
    }
    lacking = {name: value for name, value in made.items() if not os.environ.get(name)}
    return load_settings({**given, **lacking})
