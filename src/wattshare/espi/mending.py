"""What a leaf whose text is no value of its type is read as, where that is clear."""

import re
from typing import Any

from wattshare.espi.deviations import DeviationCode, Rule
from wattshare.espi.fields import TIME, UINT32
from wattshare.espi.plans import Absent, Slot

_FRACTION = re.compile(r"(\d{1,10})\.\d{1,20}", re.ASCII)
_LONGEST_DURATION = 2**32 - 1
_LAST_SECOND = 4_102_444_800


def mend(slot: Slot, text: str, rule: Rule) -> tuple[DeviationCode, Any] | None:
    """The deviation that a text is, and the value that it is read as; None where nobody can say."""
    content = text.strip()
    if not content:
        return DeviationCode.EMPTY_VALUE, Absent
    if slot.simple == TIME and (found := _FRACTION.fullmatch(content)) and int(found[1]) <= _LAST_SECOND:
        return DeviationCode.FRACTIONAL_SECONDS, int(found[1])
    # out of range means that it is a number of at most twenty digits
    if rule is Rule.OUT_OF_RANGE and slot.simple == TIME and 0 < int(content) // 1000 <= _LAST_SECOND:
        return DeviationCode.TIME_IN_MILLISECONDS, int(content) // 1000
    if rule is Rule.OUT_OF_RANGE and (slot.name, slot.simple) == ("duration", UINT32) and int(content) > 0:
        return DeviationCode.DURATION_IN_MILLISECONDS, min(int(content) // 1000, _LONGEST_DURATION)
    return None
