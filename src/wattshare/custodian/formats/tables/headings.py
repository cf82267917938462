"""Tables with titles or remarks above: which row has the names of columns."""

from dataclasses import replace
from typing import BinaryIO

from wattshare.custodian.formats.tables.faults import Question, Unmapped
from wattshare.custodian.formats.tables.guess import names_readings
from wattshare.custodian.formats.tables.mapping import Mapping
from wattshare.custodian.formats.tables.records import kind_of, nearly
from wattshare.custodian.formats.tables.text import CsvTable, Unreadable

# rows that are looked at
ROWS = 20


def heading_of(file: BinaryIO, given: Mapping) -> Question | None:
    """What to ask about a table of which a later row names columns, and the first one none that is known."""
    if given.file.header is not None:
        return None
    first = _row(file, given, None)
    named = set(given.columns.values())
    if first and (kind_of(first) or nearly(first) or names_readings(first) or not named.isdisjoint(first)):
        return None
    for number in range(2, ROWS + 1):
        names = _row(file, given, number)
        if names and (kind_of(names) or names_readings(names) or (named and named <= set(names))):
            sentence = f"Row {number} seems to have the names of the columns."
            return Question(key="file.header", sentence=sentence, choices=(str(number),), likely=str(number))
    return None


def _row(file: BinaryIO, given: Mapping, number: int | None) -> tuple[str, ...]:
    try:
        return CsvTable.open(file, replace(given.file, header=number)).header
    except (Unmapped, Unreadable):
        # what is wrong with it is told when it is taken
        return ()
