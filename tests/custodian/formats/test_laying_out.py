"""Readings that come in columns are laid out as those that come one by one."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.espi.documents import ESPI, entry, feed
from wattshare.custodian.formats import green_button
from wattshare.custodian.formats.green_button import Unplaceable, stage
from wattshare.custodian.formats.spool import open_spool
from wattshare.espi import wire
from wattshare.espi.profile import PGE

# local midnights, in winter, and of the days on which the clock changes
MIDNIGHTS = [1_704_096_000, 1_710_057_600, 1_730_617_200]


def leaf(name: str, content: object) -> str:
    return "" if content is None else f"<{name}>{content}</{name}>"


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """A block of a day, more or less."""
    start, step = (
        draw(st.sampled_from(MIDNIGHTS)) + draw(st.sampled_from([0, 0, 0, 1, 900])),
        draw(st.sampled_from([900, 3600])),
    )
    count = draw(st.integers(1, 100))
    qualities = draw(st.lists(st.sampled_from([8, 17]), max_size=2))
    tou, cost = draw(st.none() | st.integers(1, 3)), draw(st.none() | st.integers(0, 99))
    values = draw(
        st.lists(st.none() | st.integers(-(2**40), 2**40), min_size=count, max_size=count) | st.just([7] * count)
    )
    left_out = draw(st.none() | st.integers(0, count - 1))
    untimed = draw(st.integers(0, 9)) == 0
    readings = [
        leaf(
            "IntervalReading",
            leaf("cost", cost)
            + "".join(leaf("ReadingQuality", leaf("quality", code)) for code in qualities)
            + ("" if untimed else leaf("timePeriod", leaf("duration", step) + leaf("start", start + at * step)))
            + leaf("value", value)
            + leaf("tou", tou),
        )
        for at, value in enumerate(values)
        if at != left_out
    ]
    interval = leaf("interval", leaf("duration", 86_400) + leaf("start", start))
    return f"<IntervalBlock {ESPI}>{interval}{''.join(readings)}</IntervalBlock>"


def laid_out(document: bytes) -> object:
    """What waits on disk after a file was read."""
    with open_spool() as spool:
        try:
            staged = stage(document, spool, PGE, lenient=True)
        except Unplaceable as why:
            return str(why)
        rows = spool._connection.execute("SELECT * FROM chunk ORDER BY number").fetchall()
        return rows, staged.counts, staged.readings, staged.repeated, staged.warnings.all()


@settings(deadline=None, max_examples=80)
@given(st.lists(blocks(), min_size=1, max_size=3))
def test_columns_are_laid_out_as_single_readings(contents: list[str]) -> None:
    document = feed(*map(entry, contents)).encode()
    in_columns = laid_out(document)

    def one_by_one(*given: Any, **manner: Any) -> Iterator[object]:
        return wire.stream(*given, **{**manner, "columns": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(green_button, "wire", type("Wire", (), {"stream": staticmethod(one_by_one)}))
        assert in_columns == laid_out(document)
