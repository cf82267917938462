"""The steps by which tables come to the form of this release.

Whether they have it is asked at every start and answered here by itself; Alembic, which takes longer to load than
everything else and stays in memory, is loaded where there is a step to be made.
"""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, inspect, text

MIGRATIONS = Path(__file__).parent / "migrations"
# what a step is called stands before the first underscore of its file's name
STEPS = tuple(sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")))


# says to who waits what was done
Tell = Callable[[str], None]


def silent(_: str) -> None:
    """Say nothing."""


class LaterRelease(Exception):
    """The tables have a form that this release does not know."""


def made(connection: Connection) -> str | None:
    """The step that tables were brought to last; None: none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def make(connection: Connection, tell: Tell = silent) -> None:
    """Make all that are not made yet, in the transaction of this connection; each is told when it is made.

    Raises:
        LaterRelease: there are some that this release does not know.
    """
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config(attributes={"connection": connection, "told": tell})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        command.upgrade(config, "head")
    except CommandError as why:
        raise LaterRelease(str(why)) from why
