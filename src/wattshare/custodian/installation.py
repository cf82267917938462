"""An installation: the folder of its settings and keys, and the database that they name."""

from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from wattshare.custodian.settings import Settings
from wattshare.custodian.store import readiness
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys, absent
from wattshare.custodian.store.steps import Tell, silent

KEYS = "keys.json"
DAY = 86_400


class NotReady(Exception):
    """The installation cannot be used yet; the text says what to do."""


def settings_of(home: Path | None, **values: Any) -> Settings:
    """The settings of a home folder.

    Raises:
        BadSettings: they do not fit together.
    """
    return Settings(**values) if home is None else Settings(home=home, **values)


def present(home: Path | None, **values: Any) -> Settings:
    """The settings of a home folder that holds an installation.

    Raises:
        BadSettings: they do not fit together.
        NotReady: nothing is there yet.
    """
    settings = settings_of(home, **values)
    if not (settings.home / KEYS).exists():
        raise NotReady(absent(settings.home / KEYS))
    return settings


def store_of(settings: Settings) -> Store:
    """The store of a home folder, whose keys are there. Nothing is opened yet.

    Raises:
        BadKeys: the keys cannot be used.
    """
    return Store.connect(
        settings.database_url,
        Keys.read(settings.home / KEYS),
        statement_seconds=settings.statement_seconds,
        connections=settings.database_connections,
        prepared=settings.database_prepared,
        late=settings.late_days * DAY,
    )


def owned_store_of(settings: Settings) -> Store:
    """The same as the owner of its tables.

    Raises:
        BadKeys: the keys cannot be used.
    """
    return store_of(settings.model_copy(update={"database_url": settings.database_owner_url or settings.database_url}))


def upgrade(settings: Settings, *, anew: bool = False, tell: Tell = silent) -> None:
    """Bring the tables of a home's database to the form of this release, and let our role work with them.

    `tell`: hears of each step.

    Raises:
        BadKeys: the keys cannot be used.
        BadDatabase: the database cannot be used, or is missing where it is not made `anew`.
        Unavailable: others keep it for too long.
    """
    role = make_url(settings.database_url).username if settings.database_owner_url else None
    with closing(owned_store_of(settings)) as store:
        readiness.upgrade(store, anew=anew, for_role=role, tell=tell)
