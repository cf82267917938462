"""What the bench says of a figure, and that it refuses what is wrong."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from bench.__main__ import Run, arguments, wanted_of
from bench.arrivals import slowest
from bench.bars import BARS
from bench.bulk import COST, curve
from bench.outcome import Outcome, Wrong
from bench.rendering import by_tree, check, typed
from rich.console import Console

from wattshare.custodian.model.packing import pack_columns
from wattshare.custodian.model.readings import Channel
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.render import BlockItem, Item, pieces
from wattshare.custodian.services.disclosure.wirepath.member import compressed
from wattshare.espi.atom import Feed
from wattshare.espi.days import day_bounds
from wattshare.espi.profile import PGE
from wattshare.espi.usage import ReadingType

FEED = Feed(id="6f1c2d7e-0000-5000-8000-000000000001", title="Bench", updated=1_700_000_000)
ADDRESSES = Addresses("https://data.riverton.example", PGE)


@pytest.mark.parametrize(
    ("name", "figure", "reached"),
    [
        ("R1", 0.31, "target"),
        ("R1", 0.25, "floor"),
        ("R1", 0.19, "below floor"),
        ("R2", 2.5, "moonshot"),
        ("R3", 1.2, "floor"),
        ("R3", 1.3, "above floor"),
        ("F3", 8.0, "target"),
        ("S1", 1.19, "moonshot"),
    ],
)
def test_a_figure_reaches_the_highest_mark_that_it_can(name: str, figure: float, reached: str) -> None:
    assert BARS[name].reached(figure) == reached
    assert Outcome(id=name, figure=figure).facts()["reached"] == reached


def test_a_bar_without_a_figure_says_why() -> None:
    row = Outcome(id="F1", note="no nginx").row()
    assert (row[5], row[6], row[7]) == ("not measured", "", "no nginx")


def test_bars_are_named_or_all_of_them() -> None:
    assert wanted_of("R1, F2") == {"R1", "F2"}
    assert wanted_of("") == BARS.keys()
    with pytest.raises(SystemExit, match="X9"):
        wanted_of("R1,X9")


def day() -> list[Item]:
    """One day of a channel."""
    start, end = day_bounds(date(2024, 3, 9), PGE.zone)
    block = pack_columns(range(96), usage_point_id=1, channel=1, start=start, day_end=end, step=900)
    channel = Channel(usage_point_id=1, number=1, reading_type_id="x", reading_type=ReadingType())
    return [BlockItem(subscription=1, channel=channel, block=block)]


def test_what_is_right_passes_the_gate() -> None:
    xml = b"".join(pieces(FEED, day(), ADDRESSES))
    check(xml, compressed(xml), FEED, day(), ADDRESSES)
    assert typed(FEED, day(), ADDRESSES) == xml


@pytest.mark.parametrize("fault", ["two members", "another value", "cut"])
def test_what_is_wrong_is_stopped_at_the_gate(fault: str) -> None:
    xml = b"".join(pieces(FEED, day(), ADDRESSES))
    other = b"".join(pieces(replace(FEED, title="Bent"), day(), ADDRESSES))
    member = {
        "two members": compressed(xml[:99]) + compressed(xml[99:]),
        "another value": compressed(other),
        "cut": compressed(xml)[:-9],
    }[fault]
    with pytest.raises(Wrong):
        check(xml, member, FEED, day(), ADDRESSES)
    with pytest.raises(Wrong):
        check(other, compressed(other), FEED, day(), ADDRESSES)


def test_the_tree_that_others_build_says_the_same() -> None:
    # it has its own prefixes and no white space, so that it is compared by size only
    size = by_tree(FEED, day(), ADDRESSES)
    assert 0.5 < size / len(zlib.compress(typed(FEED, day(), ADDRESSES), 6)) < 2


def test_one_answer_in_a_hundred_may_be_slower() -> None:
    assert slowest([0.001 * number for number in range(200)]) == pytest.approx(0.198)
    assert slowest([2.0]) == 2.0


def test_the_curve_has_a_line_for_each_number_of_authorizations() -> None:
    outcome = Outcome(id="B1", parts={f"{COST}1000": 1.5, f"{COST}100000": 1.25, "make_seconds": 9.0})
    table = curve(outcome)
    assert [list(column.cells) for column in table.columns] == [["1000", "100000"], ["1.50", "1.25"]]


def test_a_bar_that_is_wrong_does_not_keep_the_others_from_being_measured(tmp_path: Path) -> None:
    def wrong() -> Iterator[Outcome]:
        yield Outcome(id="R1", figure=0.3)
        raise Wrong("the feed is bent")

    run = Run(asked=arguments(["--folder", str(tmp_path)]), console=Console(quiet=True))
    run.part("sqlite", wrong())
    run.part("sqlite", iter([Outcome(id="R3", figure=1.0)]))
    told = json.loads((tmp_path / "results.json").read_text())
    assert [one["id"] for one in told["engines"]["sqlite"]] == ["R1", "R3"]
    assert run.why_not == ["sqlite: the feed is bent"]
