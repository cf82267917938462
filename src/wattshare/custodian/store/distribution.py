"""Beyond one machine: the tables of meter data over several of them, by usage point, with Citus.

What is metered is cut by `usage_point_id` and lies together for one usage point. What queries of it join is small
and stands on every machine. Everything else stays with the coordinator, as it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Dialect, ForeignKeyConstraint, text
from sqlalchemy.schema import AddConstraint, DropConstraint

from wattshare.custodian.store.access_changes import WATCHED, changes_of, trigger
from wattshare.custodian.store.guards import GUARDS, Guard, protect
from wattshare.custodian.store.metadata import METADATA

COLUMN = "usage_point_id"
# cut by usage point; the first one says where the others lie
DISTRIBUTED = ("channel", "interval_block", "segment", "correction", "bill", "bill_correction")
# on every machine; each after those that it refers to
REFERENCE = (
    "third_party",
    "customer",
    "account",
    "account_holder",
    "service_location",
    "usage_point",
    "agreement",
    "authorization",
    "authorization_usage_point",
    "meter",
    "program_enrollment",
    "reading_type",
)
EXTENSION = text("SELECT extversion FROM pg_extension WHERE extname = 'citus'")
PLACED = text("SELECT logicalrelid::regclass::text FROM pg_dist_partition")
NODES = text("SELECT count(*) FILTER (WHERE groupid = 0), count(*) FROM pg_dist_node WHERE isactive")
# the purpose of a transaction has to reach the machines, and only what SET LOCAL says does
SET_LOCAL = """
CREATE OR REPLACE FUNCTION put_down(name text, value text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('citus.propagate_set_commands', 'local', true);
    EXECUTE format('SET LOCAL wattshare.%I = %L', name, value);
END $$
"""


class NoCitus(Exception):
    """The tables cannot be distributed; the text is one line for the operator."""


@dataclass(frozen=True)
class Distribution:
    """What there is to do."""

    placed: frozenset[str]

    @classmethod
    def read(cls, connection: Connection) -> "Distribution":
        """What the database has been brought to so far.

        Raises:
            NoCitus: the extension is not there, or knows no machines.
        """
        if connection.scalar(EXTENSION) is None:
            raise NoCitus("The extension citus is not in this database. Nothing was changed.")
        coordinators, nodes = connection.execute(NODES).one()
        if not coordinators or nodes < 2:
            raise NoCitus(
                "Citus knows no coordinator and worker yet: citus_set_coordinator_host, citus_add_node."
                " Nothing was changed."
            )
        return cls(frozenset(str(name).strip('"') for name in connection.scalars(PLACED)))

    @property
    def done(self) -> bool:
        """Whether every table is where it belongs."""
        return self.placed >= {*DISTRIBUTED, *REFERENCE}

    def statements(self, dialect: Dialect) -> Iterator[str]:
        """What is left to run, each by itself and in this order. All of it may be run again.

        Citus takes no table whose policies have queries in them, and none that refers to one that is elsewhere. So
        both go first and come back last; meanwhile the second net is off.
        """
        if self.done:
            return
        yield SET_LOCAL.strip()
        for constraint in between():
            yield str(DropConstraint(constraint, if_exists=True).compile(dialect=dialect))
        yield from unwatched()
        for guard in self._guards():
            yield f'ALTER TABLE "{guard.table}" NO FORCE ROW LEVEL SECURITY'
            yield f'ALTER TABLE "{guard.table}" DISABLE ROW LEVEL SECURITY'
            for policy in ("opened", "read", "written"):
                yield f'DROP POLICY IF EXISTS {policy} ON "{guard.table}"'
        for name in REFERENCE:
            if name not in self.placed:
                yield f"SELECT create_reference_table('\"{name}\"')"
        first, *others = DISTRIBUTED
        if first not in self.placed:
            yield f"SELECT create_distributed_table('\"{first}\"', '{COLUMN}', colocate_with => 'none')"
        for name in others:
            if name not in self.placed:
                yield f"SELECT create_distributed_table('\"{name}\"', '{COLUMN}', colocate_with => '\"{first}\"')"
        for constraint in between():
            yield str(AddConstraint(constraint).compile(dialect=dialect))
        for guard in self._guards():
            yield from protect(guard, once=False)

    def _guards(self) -> Iterator[Guard]:
        return (guard for guard in GUARDS if guard.table in DISTRIBUTED + REFERENCE)


def unwatched() -> Iterator[str]:
    """What takes the triggers away that write down changes of rights: Citus takes no table with one."""
    for table in WATCHED:
        if table in DISTRIBUTED + REFERENCE:
            for change in changes_of(table, "postgresql"):
                yield f'DROP TRIGGER IF EXISTS {trigger(table, change)} ON "{table}"'


def between() -> Iterator[ForeignKeyConstraint]:
    """The keys by which one table that is cut refers to another: always with the usage point in them."""
    for name in DISTRIBUTED:
        for constraint in METADATA.tables[name].foreign_key_constraints:
            # on PostgreSQL; blocks refer to their channel on SQLite only
            if constraint.referred_table.name in DISTRIBUTED and constraint._ddl_if is None:
                yield constraint
