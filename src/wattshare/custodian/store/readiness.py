"""Whether a database can be worked on: it is there, in the form of this release, and the keys are its own."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.util.exc import CommandError
from sqlalchemy.exc import DBAPIError

from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import BadKeys, Unsealable

# whose name is opened for a trial, where no third party is registered yet
FIRST_CUSTOMER = 1


class BadDatabase(Exception):
    """The database cannot be used; the text is one line for the operator."""


def bring_up(store: Store, *, anew: bool = False) -> None:
    """Bring a database to the form of this release; only where it is made `anew` may it be missing.

    Raises:
        BadDatabase: it is missing, damaged, out of reach, or of a later release.
        BadKeys: what it holds was sealed with other keys.
        Unavailable: others keep it for too long.
    """
    file = file_of(store)
    if not anew and file is not None and not file.exists():
        raise BadDatabase(f"{file}: there is no database. Bring it back, or make an empty one: wattshare init")
    with readable(store):
        store.upgrade()
        if not fit(store):
            raise BadKeys("keys.json is not of this database: bring back the one that it was made with")


def file_of(store: Store) -> Path | None:
    """The file of an SQLite database; None for others."""
    url = store.engine.url
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


@contextmanager
def readable(store: Store) -> Iterator[None]:
    """A block in which a database that cannot be read is told in one line."""
    named = file_of(store) or store.engine.url.render_as_string(hide_password=True)
    try:
        yield
    except CommandError as why:
        raise BadDatabase(f"{named}: was made by a later release of Wattshare than this one") from why
    except OSError as why:
        raise BadDatabase(f"{named}: {why.strerror}") from why
    except (sqlite3.Error, DBAPIError) as why:
        said = str(why.orig if isinstance(why, DBAPIError) else why).partition("\n")[0]
        advice = "; is the disk full?" if "disk" in said else ""
        raise BadDatabase(f"{named}: cannot be used: {said}{advice}") from why


def fit(store: Store) -> bool:
    """Whether the keys open what is sealed and find what is looked up; yes where there is nothing of either."""
    with store.read() as tx:
        try:
            tx.customers.customer(FIRST_CUSTOMER)
            return all(tx.parties.secret_matches(one.id, tx.parties.secret(one.id)) for one in tx.parties.every()[:1])
        except Unsealable:
            return False
