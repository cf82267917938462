"""Changes of what bearers may see, written down by triggers with whatever changes it."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0032"
down_revision = "0031"

EVERY = ("INSERT", "UPDATE", "DELETE")
# what is new opens nothing before something else refers to it
LATER = ("UPDATE", "DELETE")
# of each table: what changes it, and the columns that say whose rights it is about
WATCHED = (
    ("token", LATER, "third_party_id", "authorization_id"),
    ("third_party", LATER, "id", None),
    ("authorization", LATER, "third_party_id", "id"),
    ("authorization_usage_point", EVERY, None, "authorization_id"),
    ("agreement", LATER, None, None),
    ("account", LATER, None, None),
    ("account_holder", EVERY, None, None),
    ("usage_point", LATER, None, None),
    ("channel", EVERY, None, None),
    ("reading_type", EVERY, None, None),
    # what is metered is there for all with its revision; on SQLite when that is no longer under way
    ("revision", ("INSERT",), None, None),
)
UNDER_WAY = ("under_way", ("DELETE",), None, None)

FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO access_change (transaction, third_party_id, authorization_id)
    SELECT DISTINCT CAST(CAST(pg_current_xact_id() AS text) AS bigint), {party}, {held} FROM changed;
    RETURN NULL;
END $$
"""
ON_SQLITE = """
CREATE TRIGGER {name} AFTER {change} ON "{table}" BEGIN
    INSERT INTO access_change ("transaction", third_party_id, authorization_id) VALUES (0, {values});
END
"""
# a table that is emptied at once has no rows to be told of
FUNCTION_OF_EMPTIED = """
CREATE FUNCTION access_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO access_change (transaction) VALUES (CAST(CAST(pg_current_xact_id() AS text) AS bigint));
    RETURN NULL;
END $$
"""
# one for all that a transaction does to everybody
FUNCTION_OF_ALL = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    this bigint := CAST(CAST(pg_current_xact_id() AS text) AS bigint);
BEGIN
    IF EXISTS (SELECT FROM changed) AND NOT EXISTS (
        SELECT FROM access_change
        WHERE transaction = this AND third_party_id IS NULL AND authorization_id IS NULL
    ) THEN
        INSERT INTO access_change (transaction) VALUES (this);
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Add the table, and what writes into it."""
    op.create_table(
        "access_change",
        sa.Column("id", Big, primary_key=True),
        sa.Column("transaction", Big, nullable=False),
        sa.Column("third_party_id", Big),
        sa.Column("authorization_id", Big),
        sa.Column("seen_at", Big),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_access_change_transaction", "access_change", ["transaction"])
    if op.get_bind().dialect.name == "sqlite":
        for statement in for_sqlite():
            op.execute(statement)
        return
    if distributed():
        # Citus lets no trigger stand on what is on every machine
        return
    for statement in for_postgresql():
        op.execute(statement)


def for_sqlite() -> Iterator[str]:
    """A trigger for each row: there are no others."""
    for table, changes, party, held in (*WATCHED, UNDER_WAY):
        for change in changes:
            row = "new" if change == "INSERT" else "old"
            values = ", ".join("NULL" if column is None else f"{row}.{column}" for column in (party, held))
            yield ON_SQLITE.format(name=f"{table}_access_{change.lower()}", change=change, table=table, values=values)


def for_postgresql() -> Iterator[str]:
    """A trigger for each statement, which knows the rows that it has changed; in what another server sends, too."""
    yield FUNCTION_OF_EMPTIED
    for table, changes, party, held in WATCHED:
        name = f"{table}_access_changed"
        function = FUNCTION if party or held else FUNCTION_OF_ALL
        null = "CAST(NULL AS bigint)"
        yield function.format(name=name, party=party or null, held=held or null)
        for change in changes:
            rows = "NEW" if change == "INSERT" else "OLD"
            yield (
                f'CREATE TRIGGER {table}_access_{change.lower()} AFTER {change} ON "{table}"'
                f" REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            )
        yield (
            f'CREATE TRIGGER {table}_access_truncate AFTER TRUNCATE ON "{table}"'
            " FOR EACH STATEMENT EXECUTE FUNCTION access_emptied()"
        )
        for change in (*changes, "TRUNCATE"):
            yield f'ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER {table}_access_{change.lower()}'


def distributed() -> bool:
    """Whether the tables lie on several machines already."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'citus'")) == 0:
        return False
    placed = "SELECT count(*) FROM pg_dist_partition WHERE logicalrelid = CAST('usage_point' AS regclass)"
    return bool(op.get_bind().scalar(sa.text(placed)))
