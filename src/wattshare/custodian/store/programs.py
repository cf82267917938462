"""Demand response programmes: who is in them, and the names of numbers that readings carry."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import JSON, Column, Connection, ForeignKey, String, Table, Text, select

from wattshare.custodian.model.premises import Enrollment, ProgramCode, ProgramEnrollment
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.statements import upsert

PROGRAM_ENROLLMENT = Table(
    "program_enrollment",
    METADATA,
    Column("usage_point_id", Big, ForeignKey("usage_point.id"), primary_key=True),
    Column("program", String, primary_key=True),
    Column("status", String, nullable=False),
    Column("description_uri", String),
    Column("dates", JSON, nullable=False),
    Column("capacity_reservation", Big),
    Column("nomination", Big),
    Column("power_of_ten", Big, nullable=False),
)

PROGRAM_CODE = Table(
    "program_code",
    METADATA,
    Column("what", String, primary_key=True),
    Column("code", Big, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    Column("note", Text),
)


class Programs:
    """Programmes by usage point."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def put(self, enrollment: ProgramEnrollment) -> None:
        """Keep a usage point's place in a programme, instead of what was known of it."""
        upsert(self._connection, PROGRAM_ENROLLMENT, enrollment_columns(self._keys, enrollment))

    def of(self, usage_point_ids: Iterable[int]) -> tuple[ProgramEnrollment, ...]:
        """The places of usage points, by usage point and programme."""
        columns = PROGRAM_ENROLLMENT.c
        rows = self._connection.execute(
            select(PROGRAM_ENROLLMENT)
            .where(columns.usage_point_id.in_(tuple(usage_point_ids)))
            .order_by(columns.usage_point_id, columns.program)
        )
        return tuple(map(read_enrollment, rows.mappings()))

    def put_code(self, code: ProgramCode) -> None:
        """Keep the name of a number, instead of the one that it had."""
        upsert(self._connection, PROGRAM_CODE, asdict(code))

    def codes(self) -> tuple[ProgramCode, ...]:
        """Every number that has a name."""
        rows = self._connection.execute(select(PROGRAM_CODE).order_by(PROGRAM_CODE.c.what, PROGRAM_CODE.c.code))
        return tuple(ProgramCode(**row) for row in rows.mappings())


def enrollment_columns(_: Keys, enrollment: ProgramEnrollment) -> dict[str, Any]:
    """The row of a place in a programme."""
    return vars(enrollment) | {"dates": [list(pair) for pair in enrollment.dates]}


def read_enrollment(row: Row) -> ProgramEnrollment:
    """The place of a row."""
    dates = tuple((what, at) for what, at in row["dates"])
    return ProgramEnrollment(**{**row, "status": Enrollment(row["status"]), "dates": dates})
