"""A sandbox whose clock is moved on: what comes, and that it does not matter in how many steps."""

import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import select
from typer.testing import CliRunner

from tests.custodian.sandbox.test_homes import FIRST_HOME
from tests.custodian.sandbox.towns import NOW, TODAY
from wattshare.custodian.app import opened
from wattshare.custodian.cli.sandboxes import app
from wattshare.custodian.house import House
from wattshare.custodian.model.clock import system_clock
from wattshare.custodian.model.packing import unpack
from wattshare.custodian.sandbox.advance import advance, seconds_of
from wattshare.custodian.sandbox.home import held
from wattshare.custodian.sandbox.run import Plan, prepare
from wattshare.custodian.settings import BadSettings
from wattshare.custodian.store.bills import BILL
from wattshare.espi.profile import PGE
from wattshare.espi.window import Window

# so many that some of them are billed in three days
DAYS, HOMES = 70, 20
DAY = 86_400


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that nobody serves; who changes it copies it."""
    return begun(tmp_path_factory.mktemp("advance") / "home")


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A home whose clock was moved on by three days, and what was there before."""

    home: Path
    before: "Known"
    began: int
    at: int


@pytest.fixture(scope="module")
def moved(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """All three days in one step."""
    home = copied(made, tmp_path_factory.mktemp("moved"))
    with opened(home) as house:
        before, began = known(house), house.now()
    return Moved(home=home, before=before, began=began, at=advance(home, "3d"))


def copied(made: Path, folder: Path) -> Path:
    """A home as if it had been made there."""
    return Path(shutil.copytree(made, folder / "home"))


def begun(path: Path, *, usage_points: int = HOMES, days: int = DAYS, now: int = NOW, http: bool = False) -> Path:
    """A home that has not been served yet."""
    console = Console(file=io.StringIO())
    with held(path) as home:
        plan = Plan(home=path, port=8443, days=days, now=now, usage_points=usage_points, http=http)
        prepare(home, plan, plan.wanted(8443), console)
    return path


@dataclass(frozen=True, kw_only=True)
class Known:
    """Everything that is metered and billed, by usage point."""

    readings: dict[int, list[Any]]
    bills: dict[int, list[Any]]


def known(house: House) -> Known:
    """What a store holds, without the numbers and times of loads."""
    readings: dict[int, list[Any]] = {}
    bills: dict[int, list[Any]] = {}
    with house.store.read() as tx:
        for held_one in every(house):
            for point in tx.readings.usage_points(held_one, house.now()):
                for channel in tx.readings.channels(point.id):
                    found = tx.readings.blocks(held_one, point.id, channel.number, None, house.now(), PGE)
                    readings.setdefault(point.id, []).extend(
                        (channel.number, one.start, one.value) for block in found for one in unpack(block)
                    )
                told = tx.bills.of(held_one, point.id, Window(), house.now(), PGE)
                bills[point.id] = [(bill.bill_date, bill.summary.bill_last_period) for bill in told]
    return Known(readings=readings, bills=bills)


def every(house: House) -> Iterator[Any]:
    """The offline authorizations of the town's third parties that see most."""
    with house.store.read() as tx:
        for party in house.registration.every():
            yield from (one for one in tx.authorizations.of_third_party(party.id, alive_only=True) if one.customer_id)


def homes_bills(house: House) -> set[Any]:
    """The bills of the simple homes, without the numbers of loads."""
    row = BILL.c
    found = select(row.usage_point_id, row.bill_date, row.content).where(row.usage_point_id >= FIRST_HOME)
    with house.store.engine.connect() as connection:
        return {tuple(one) for one in connection.execute(found)}


def test_a_day_brings_the_readings_of_yesterday_and_bills_that_close(moved: Moved) -> None:
    before = moved.before
    assert moved.began + 3 * DAY <= moved.at < moved.began + 3 * DAY + 600
    with opened(moved.home) as house:
        after = known(house)
    new = {point: after.readings[point][len(old) :] for point, old in before.readings.items()}
    # three whole days of quarter hours of a home with one channel
    assert max(map(len, new.values())) >= 3 * 96
    for point, old in before.readings.items():
        assert set(old) <= set(after.readings[point])
    closed = {point for point, old in before.bills.items() if len(after.bills[point]) > len(old)}
    assert closed
    for point, old in before.bills.items():
        assert after.bills[point][: len(old)] == old


def test_what_comes_is_what_a_longer_history_has(tmp_path: Path, moved: Moved) -> None:
    longer = begun(tmp_path / "home", days=DAYS + 3, now=NOW + 3 * DAY)
    with opened(moved.home) as house, opened(longer) as other:
        ours, theirs = known(house), known(other)
        of_homes = homes_bills(house), homes_bills(other)
    assert ours.readings.keys() == theirs.readings.keys()
    for point, readings in ours.readings.items():
        recent = [one for one in readings if one[1] >= NOW - 30 * DAY]
        assert len(recent) > 30
        assert recent == [one for one in theirs.readings[point] if one[1] >= NOW - 30 * DAY]
        assert ours.bills[point][-1:] == theirs.bills[point][-1:]
    assert of_homes[0] == of_homes[1]
    assert any(dated > TODAY for _, dated, _ in of_homes[0])


def test_several_advances_are_one(tmp_path: Path, made: Path, moved: Moved) -> None:
    there = copied(made, tmp_path)
    for amount in ("1d", "15m", "23h", "45m", "1d"):
        advance(there, amount)
    with opened(there) as house, opened(moved.home) as other:
        assert known(house) == known(other)


@pytest.mark.parametrize("amount", ["", "1", "d", "0d", "-1d", "1.5h", "1y", "367d", "1d ", "\u0661d"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(BadSettings, match="no amount"):
        seconds_of(amount)


def test_notices_are_stamped_by_the_machines_clock_which_receivers_go_by(made: Path) -> None:
    with opened(made) as house:
        assert house.now is not system_clock
        assert house.delivery.notices.stamp is system_clock


def test_an_amount_with_a_minus_is_refused_as_an_amount() -> None:
    outcome = CliRunner().invoke(app, ["advance", "-1d"])
    assert outcome.exit_code == 1
    assert "'-1d' is no amount of time" in outcome.stderr


def test_there_must_be_a_sandbox(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="no sandbox"):
        advance(tmp_path, "1d")
