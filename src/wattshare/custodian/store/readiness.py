"""Whether a database can be worked on: it is there, in the form of this release, and the keys are its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from wattshare.custodian.store import postgresql, sqlite
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import BadKeys, Unsealable
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.store.steps import LaterRelease, Tell, silent

# whose name is opened for a trial, where no third party is registered yet
FIRST_CUSTOMER = 1
FORGETFUL = (
    "connections are shared out transaction by transaction, and prepared statements get lost: set"
    " max_prepared_statements of pgbouncer 1.21 or later, or database_prepared = false here"
)


class BadDatabase(Exception):
    """The database cannot be used; the text is one line for the operator."""


def bring_up(store: Store) -> None:
    """Bring an SQLite database to the form of this release.

    A database on a server is brought there by `wattshare db upgrade`, once for all who work with it.

    Raises:
        BadDatabase: it is missing, damaged, out of reach, or of another release.
        BadKeys: what it holds was sealed with other keys.
        Unavailable: others keep it for too long.
    """
    if file_of(store) is not None:
        upgrade(store)
        return
    with readable(store):
        if store.forgets():
            raise BadDatabase(f"{named(store)}: {FORGETFUL}")
        if not store.upgraded():
            raise BadDatabase(f"{named(store)}: is not of this release yet: wattshare db upgrade")
        check_keys(store)


def upgrade(store: Store, *, anew: bool = False, for_role: str | None = None, tell: Tell = silent) -> None:
    """Bring a database to the form of this release; only where it is made `anew` may its file be missing.

    `for_role`, `tell`: as `Store.upgrade`.

    Raises:
        BadDatabase, BadKeys, Unavailable: as `bring_up`.
    """
    file = file_of(store)
    if not anew and file is not None and not file.exists():
        raise BadDatabase(f"{file}: there is no database. Bring it back, or make an empty one: wattshare init")
    with readable(store):
        # names that it cannot hold would be refused one by one, much later
        if file is None and not store.begun() and "server_encoding" in store.weak_settings():
            raise BadDatabase(f"{named(store)}: its encoding is not UTF8; make another: docs/postgresql.md")
        store.upgrade(for_role=for_role, tell=tell)
        check_keys(store)


def check_keys(store: Store) -> None:
    """Refuse keys that are not of this database.

    Raises:
        BadKeys: what it holds was sealed with other keys.
    """
    if not fit(store):
        raise BadKeys("keys.json is not of this database: bring back the one that it was made with")


def file_of(store: Store) -> Path | None:
    """The file of an SQLite database; None for others."""
    url = store.engine.url
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def named(store: Store) -> str:
    """A database as the operator knows it, without its password."""
    return str(file_of(store) or store.engine.url.render_as_string(hide_password=True))


@contextmanager
def readable(store: Store) -> Iterator[None]:
    """A block in which a database that cannot be read is told in one line."""
    told = named(store)
    try:
        yield
    except LaterRelease as why:
        raise BadDatabase(f"{told}: was made by a later release of Wattshare than this one") from why
    except OSError as why:
        raise BadDatabase(f"{told}: {why.strerror}") from why
    except (sqlite.raised(), DBAPIError) as why:
        said = str(why.orig if isinstance(why, DBAPIError) else why).partition("\n")[0]
        advice = "; is the disk full?" if "disk" in said else ""
        if isinstance(why, DBAPIError) and postgresql.denied(why):
            advice = "; wattshare db upgrade gives the right, run with database_owner_url"
        raise BadDatabase(f"{told}: cannot be used: {said}{advice}") from why


def fit(store: Store) -> bool:
    """Whether the keys open what is sealed and find what is looked up; yes where there is nothing of either."""
    with store.read(Purpose.PEOPLE) as tx:
        try:
            tx.customers.customer(FIRST_CUSTOMER)
            return all(tx.parties.secret_matches(one.id, tx.parties.secret(one.id)) for one in tx.parties.every()[:1])
        except Unsealable:
            return False
