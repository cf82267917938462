"""What energy costs in the invented utility, and which hours are which. Prices in 1/100 000 of a dollar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from wattshare.custodian.model.premises import ProgramCode
from wattshare.custodian.sandbox.households import Tariff

SUMMER = (6, 7, 8, 9)
SATURDAY = 5

# IntervalReading/tou, as the program codes below name them
SUMMER_PEAK, SUMMER_OFF, SUMMER_PART = 1, 2, 3
WINTER_PART, WINTER_OFF = 5, 6

CODES = (
    ProgramCode(what="tou", code=SUMMER_PEAK, name="SPK", note="Summer peak"),
    ProgramCode(what="tou", code=SUMMER_OFF, name="SOP", note="Summer off peak"),
    ProgramCode(what="tou", code=SUMMER_PART, name="SPP", note="Summer partial peak"),
    ProgramCode(what="tou", code=WINTER_PART, name="WPP", note="Winter partial peak"),
    ProgramCode(what="tou", code=WINTER_OFF, name="WOP", note="Winter off peak"),
)
NOTES = {code.code: code.note or code.name for code in CODES}


@dataclass(frozen=True, kw_only=True)
class Price:
    """A rate: per kilowatt hour (or therm) by code, a fixed charge a day, taxes per mille."""

    by_code: dict[int, int]
    otherwise: int
    daily: int
    tax_per_mille: int = 61


PRICES = {
    Tariff.FLAT: Price(by_code={}, otherwise=34_200, daily=39_000),
    Tariff.TIME_OF_USE: Price(
        by_code={SUMMER_PEAK: 52_800, SUMMER_PART: 43_100, WINTER_PART: 38_900},
        otherwise=31_700,
        daily=39_000,
    ),
    Tariff.ELECTRIC_CAR: Price(
        by_code={SUMMER_PEAK: 61_500, SUMMER_PART: 50_200, WINTER_PART: 47_300},
        otherwise=27_900,
        daily=49_300,
    ),
    Tariff.SOLAR: Price(
        by_code={SUMMER_PEAK: 50_400, SUMMER_PART: 42_000, WINTER_PART: 38_100},
        otherwise=30_900,
        daily=47_900,
    ),
    Tariff.BUSINESS: Price(
        by_code={SUMMER_PEAK: 44_900, SUMMER_PART: 37_600, WINTER_PART: 34_800},
        otherwise=28_300,
        daily=118_000,
    ),
    Tariff.GAS: Price(by_code={}, otherwise=221_000, daily=13_100),
}


# for what a roof gives to the grid, per kilowatt hour
SOLAR_CREDIT = 7_400


def code(day: date, hour: int) -> int:
    """The time-of-use code of an hour."""
    weekend = day.weekday() >= SATURDAY
    if day.month in SUMMER:
        if 16 <= hour < 21 and not weekend:
            return SUMMER_PEAK
        return SUMMER_PART if 14 <= hour < 23 and not weekend else SUMMER_OFF
    return WINTER_PART if 16 <= hour < 21 else WINTER_OFF


def codes(day: date, hours: Sequence[int], parts: int) -> list[int]:
    """The code of each interval of a day, `parts` to the hour."""
    return [code(day, hour) for hour in hours for _ in range(parts)]
