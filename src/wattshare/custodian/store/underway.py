"""What SQLite takes in by many small transactions: not there for anybody before the last of them.

PostgreSQL shows nobody what a transaction has not committed, and lets others write meanwhile. SQLite has one writer,
whom every answer waits for, as it is written into the trail. So what is taken in is written there in small
transactions, under the revision that will be its own. While that revision stands in `under_way`, no statement sees
its blocks; the last transaction takes it away, and all of them are there.
"""

from typing import Any

from sqlalchemy import Boolean, Column, ColumnElement, FromClause, Table, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from wattshare.custodian.store.metadata import METADATA, Big

UNDER_WAY = Table(
    "under_way",
    METADATA,
    # one at most, and the greatest that there is
    Column("revision", Big, primary_key=True, autoincrement=False),
    # the second that its blocks bear
    Column("at", Big, nullable=False),
)
# greater than every revision
NONE = 1 << 62


class There(FunctionElement[bool]):
    """Whether the revision in a column is over."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> "There":  # noqa: ARG002  as SQLAlchemy calls it
        """Itself: it is in brackets."""
        return self


@compiles(There)
def _always(_element: There, compiler: SQLCompiler, **told: Any) -> str:
    return str(compiler.process(true(), **told))


@compiles(There, "sqlite")
def _compared(element: There, compiler: SQLCompiler, **told: Any) -> str:
    revision = compiler.process(element.clauses, **told)
    return f"({revision} < (SELECT coalesce(min(under_way.revision), {NONE}) FROM under_way))"  # noqa: S608  a column of ours


def is_there(blocks: FromClause) -> ColumnElement[bool]:
    """Whether a row of blocks is there for anybody."""
    return There(blocks.c.revision)
