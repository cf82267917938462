"""How far back an authorization goes."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from wattshare.custodian.model.authorization import history_floor

PACIFIC = ZoneInfo("America/Los_Angeles")


@pytest.mark.parametrize(
    ("now", "days", "floor"),
    [
        ("2024-03-13T12:00", 1, "2024-03-12"),
        # over a change of the clocks
        ("2024-03-11T00:30", 1, "2024-03-09"),
        ("2024-03-13T12:00", 1460, "2020-03-14"),
        # nothing is older than the clock
        ("2024-03-13T12:00", 36_500, "1970-01-01"),
    ],
)
def test_the_floor_is_a_local_midnight(now: str, days: int, floor: str) -> None:
    at = int(datetime.fromisoformat(now).replace(tzinfo=PACIFIC).timestamp())
    expected = int(datetime.fromisoformat(floor).replace(tzinfo=PACIFIC).timestamp())
    assert history_floor(at, days, PACIFIC) == expected
