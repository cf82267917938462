"""Plausible consumption, in whole numbers: how much of what, in each stretch of a local day.

Everything follows from (seed, usage point, day), so a day is the same however long the history around it is.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

HOUR = 3_600

# per mille of a day's use in each local hour
HOME = (24, 21, 20, 19, 20, 24, 39, 48, 46, 40, 33, 33, 34, 34, 35, 39, 53, 66, 76, 79, 70, 60, 51, 36)
SHOP = (18, 17, 17, 17, 18, 22, 34, 48, 58, 63, 65, 66, 65, 64, 63, 62, 60, 54, 44, 37, 32, 28, 26, 22)
NIGHT = (150, 150, 150, 140, 110, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 30, 90, 140)
SUN = (0, 0, 0, 0, 0, 0, 8, 30, 62, 92, 116, 130, 134, 128, 112, 88, 58, 30, 12, 0, 0, 0, 0, 0)
# per mille of the yearly mean, January first
HOUSE_MONTHS = (1080, 1020, 930, 880, 890, 1010, 1160, 1190, 1080, 920, 900, 1060)
SUN_MONTHS = (520, 700, 960, 1200, 1340, 1400, 1390, 1280, 1080, 820, 590, 470)
HEAT_MONTHS = (2200, 1820, 1340, 910, 540, 310, 250, 240, 300, 630, 1360, 2100)
SHOP_WEEK = (1080, 1090, 1090, 1090, 1100, 850, 700)
HOME_WEEK = (970, 960, 960, 970, 990, 1070, 1080)
# a random byte as a factor of 0.70 to 1.32, in 512ths, whose mean is 1.01
NOISE = tuple(358 + byte + byte // 4 for byte in range(256))


@dataclass(frozen=True, kw_only=True)
class Load:
    """A kind of use: watt hours (or a hundred-thousandth of a therm) of a mean day, and how it is spread."""

    daily: int
    hours: tuple[int, ...] = HOME
    months: tuple[int, ...] = HOUSE_MONTHS
    week: tuple[int, ...] = HOME_WEEK

    def day(self, day: date) -> int:
        """The use of that day before chance has its say."""
        return self.daily * self.months[day.month - 1] * self.week[day.weekday()] // 1_000_000


def local_hours(start: int, end: int, zone: ZoneInfo) -> tuple[int, ...]:
    """The wall clock's hour at each hour of a local day: 23, 24 or 25 of them."""
    return tuple(datetime.fromtimestamp(at, UTC).astimezone(zone).hour for at in range(start, end, HOUR))


def dice(seed: int, whose: str, what: str) -> random.Random:
    """The dice of something that is decided once. Not for secrets."""
    return random.Random(f"{seed}:{whose}:{what}")  # noqa: S311


def chance_of(seed: int, usage_point: int, day: date, what: str) -> random.Random:
    """The dice of one day of one channel."""
    return dice(seed, f"{usage_point}:{day.isoformat()}", what)


def spread(loads: Sequence[Load], day: date, hours: Sequence[int], step: int, chance: random.Random) -> list[int]:
    """Use in each interval of `step` seconds: watt hours of a day whose wall clock shows `hours`."""
    parts = HOUR // step
    weather = 850 + chance.randrange(301)
    shares = [(load.day(day) * weather, load.hours) for load in loads]
    by_hour = [[mean * hourly[hour] // 1_000 for hour in hours] for mean, hourly in shares]
    means = [mean for mean in map(sum, zip(*by_hour, strict=True)) for _ in range(parts)]
    noise, scale = chance.randbytes(len(means)), parts * 512_000
    return [mean * NOISE[byte] // scale for mean, byte in zip(means, noise, strict=True)]
