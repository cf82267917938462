"""In which order the files of a folder or an archive are taken: what others refer to comes before them."""

from io import BytesIO

from wattshare.custodian.formats.tables.faults import Unmapped
from wattshare.custodian.formats.tables.mapping import Text
from wattshare.custodian.formats.tables.records import KINDS, kind_of
from wattshare.custodian.formats.tables.text import CsvTable, Unreadable

# bytes of a file that hold its header
HEAD = 16_384
# readings and Green Button find agreements and meters there, and make usage points that bills are of
_BEFORE = [kind.name for kind in KINDS if kind.name != "bills"]
BETWEEN, BILLS = len(_BEFORE), len(_BEFORE) + 1


def turn_of(head: bytes) -> int:
    """When a file that begins so is to be taken, the lowest first."""
    try:
        kind = kind_of(CsvTable.open(BytesIO(head), Text()).header)
    except (Unreadable, Unmapped):
        # no table by itself; what is wrong with it is told when it is taken
        return BETWEEN
    if kind is None:
        return BETWEEN
    return BILLS if kind.name == "bills" else _BEFORE.index(kind.name)
