"""In which order the files of a folder or an archive are taken: what others refer to comes before them."""

from io import BytesIO

from wattshare.custodian.formats.tables.faults import Unmapped
from wattshare.custodian.formats.tables.mapping import Text
from wattshare.custodian.formats.tables.records import KINDS, kind_of
from wattshare.custodian.formats.tables.text import CsvTable, Unreadable

# bytes of a file that hold its header
HEAD = 16_384
# readings and Green Button find agreements and meters there, and make usage points that these are of
_AFTER = ("programs", "bills")
_BEFORE = [kind.name for kind in KINDS if kind.name not in _AFTER]
BETWEEN = len(_BEFORE)


def turn_of(head: bytes) -> int:
    """When a file that begins so is to be taken, the lowest first."""
    try:
        kind = kind_of(CsvTable.open(BytesIO(head), Text()).header)
    except (Unreadable, Unmapped):
        # no table by itself; what is wrong with it is told when it is taken
        return BETWEEN
    if kind is None:
        return BETWEEN
    return _BEFORE.index(kind.name) if kind.name in _BEFORE else BETWEEN + 1 + _AFTER.index(kind.name)
