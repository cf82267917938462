import random
from datetime import date

import pytest

from wattshare.custodian.sandbox import curves
from wattshare.custodian.sandbox.curves import Load, spread

DAY = date(2026, 3, 3)


@pytest.mark.parametrize("name", ["HOME", "SHOP", "NIGHT", "SUN"])
def test_the_hours_of_a_day_take_all_of_it(name: str) -> None:
    shares = getattr(curves, name)
    assert (len(shares), sum(shares)) == (24, 1000)


@pytest.mark.parametrize("name", ["HOUSE_MONTHS", "SUN_MONTHS", "HEAT_MONTHS"])
def test_the_months_of_a_year_come_out_at_its_mean(name: str) -> None:
    shares = getattr(curves, name)
    assert len(shares) == 12
    assert sum(shares) == pytest.approx(12_000, rel=0.03)


@pytest.mark.parametrize(("hours", "step", "count"), [(23, 900, 92), (24, 900, 96), (25, 3600, 25)])
def test_a_day_has_an_interval_for_each_step_of_its_hours(hours: int, step: int, count: int) -> None:
    values = spread((Load(daily=14_000),), DAY, tuple(h % 24 for h in range(hours)), step, random.Random(1))
    assert len(values) == count
    assert all(value > 0 for value in values)


def test_days_come_out_near_their_mean() -> None:
    chance, hours = random.Random(1), tuple(range(24))
    days = [sum(spread((Load(daily=14_000),), DAY, hours, 900, chance)) for _ in range(400)]
    mean = Load(daily=14_000).day(DAY)
    assert sum(days) / 400 == pytest.approx(mean, rel=0.03)
