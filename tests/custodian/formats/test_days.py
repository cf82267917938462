"""Staged rows made into days, whatever the file says how often."""

import tracemalloc
from collections.abc import Iterable

from wattshare.custodian.formats.tables.columns import Faults, Named
from wattshare.custodian.formats.tables.days import Days
from wattshare.custodian.formats.tables.spool import TableSpool, open_table_spool
from wattshare.custodian.formats.tables.twins import Twins
from wattshare.espi.profile import PGE

# 2024-03-08T00:00 in Los Angeles
FRIDAY = 1_709_884_800
HOUR = 3600


def row(
    number: int, start: int, value: int = 1, other: int | None = None, length: int = HOUR
) -> tuple[int | None, ...]:
    return (0, start, number, other, length, value, None, None, None, None, None)


def made(spool: TableSpool, rows: Iterable[tuple[int | None, ...]]) -> tuple[Days, Faults]:
    """Days of one series."""
    spool.add(rows)
    faults = Faults()
    of = lambda _: Named("SP", 1, "kWh", "")  # noqa: E731
    Twins(spool, faults, by_order=True).settle(of)
    days = Days(spool, PGE, faults, lambda _: 0, of)
    days.make()
    return days, faults


def test_rows_that_say_the_same_do_not_pile_up() -> None:
    count = 30_000
    with open_table_spool() as spool:
        spool.add(row(number, FRIDAY) for number in range(count))
        tracemalloc.start()
        try:
            days, faults = made(spool, [row(count, FRIDAY + HOUR)])
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (days.repeated, len(faults.numbers), spool.count()) == (count - 1, 0, 1)
    # one of them is about 150 bytes
    assert most < 1_000_000


def test_what_is_wrong_with_a_row_is_wrong_with_those_that_say_the_same() -> None:
    quarter = FRIDAY + HOUR // 4
    with open_table_spool() as spool:
        _, faults = made(
            spool, [row(1, FRIDAY), *(row(number, quarter) for number in (2, 3, 4)), row(5, FRIDAY + HOUR)]
        )
        assert {bad.row: bad.sentence for bad in faults.bad.values()} == dict.fromkeys(
            (2, 3, 4), "It begins before the reading of row 1 has ended."
        )


def test_of_rows_that_start_together_the_first_counts_and_the_others_say_which() -> None:
    with open_table_spool() as spool:
        days, faults = made(spool, [row(1, FRIDAY), row(2, FRIDAY, 2), row(3, FRIDAY), row(4, FRIDAY, 3)])
        assert days.repeated == 1
        assert sorted(faults.numbers) == [2, 4]
        assert {bad.sentence for bad in faults.bad.values()} == {
            "It is the same reading as that of row 1, and differs."
        }


def test_a_third_row_of_an_hour_that_comes_twice_is_bad() -> None:
    with open_table_spool() as spool:
        _, faults = made(spool, [row(number, FRIDAY, number, other=FRIDAY + HOUR) for number in (1, 2, 3, 4)])
        assert sorted(faults.numbers) == [3, 4]
        assert "more than twice" in faults.bad[3].sentence


def test_readings_that_are_longer_than_a_day_stand_once_too() -> None:
    month = 30 * 24 * HOUR
    with open_table_spool() as spool:
        rows = [row(number, FRIDAY, length=month) for number in (1, 2)]
        # within the month that was read, twice, and an hour of the first day
        rows += [row(number, FRIDAY + month // 2, length=month) for number in (3, 4)]
        days, faults = made(spool, [*rows, row(5, FRIDAY + HOUR)])
        assert (days.repeated, spool.count()) == (1, 1)
        assert {bad.row: bad.sentence for bad in faults.bad.values()} == dict.fromkeys(
            (3, 4, 5), "It begins before the reading of row 1 has ended."
        )
