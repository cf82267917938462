"""Bills in the store: named by date, re-issued by period, told to whose they are."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.custodian.store.households import Home, add_authorization, add_home, add_party
from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.changes import Outcome
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.days import midnight as first_second
from wattshare.espi.profile import PGE, STANDARD, Profile
from wattshare.espi.usage import (
    BillingChargeSource,
    DateTimeInterval,
    ElectricPowerQualitySummary,
    LineItem,
    UsageSummary,
)
from wattshare.espi.window import Window

FIRST = date(2024, 1, 10)
DAY = 86_400
LATER = 1_800_000_000


def midnight(day: int) -> int:
    """The first second of a day, counted from the first."""
    return first_second(FIRST + timedelta(days=day), PGE.zone)


def bill(start: int, days: int = 30, amount: int = 8_412_000) -> UsageSummary:
    """The bill of so many days."""
    return UsageSummary(
        billing_period=DateTimeInterval(duration=days * DAY, start=start),
        bill_last_period=amount,
        cost_additional_detail_last_period=(LineItem(note="Delivery", item_kind=2, amount=amount),),
        status_time_stamp=start + days * DAY,
        commodity=1,
        tariff_profile="R-1",
        read_cycle="Q",
        billing_charge_source=BillingChargeSource(agency_name="Riverton Power"),
    )


def put(tx: Tx, home: Home, summary: UsageSummary, bill_date: int, *, revision: int = 1, **told: int) -> Outcome:
    """Put a bill by one revision."""
    at = 1_710_000_000 + revision
    known = {"revision": revision, "at": at}
    return tx.bills.put(home.usage_point.id, summary, bill_date, profile=PGE, reason="test", **known, **told)


def authorize(tx: Tx, home: Home, **told: object) -> Authorization:
    """An authorization of everything that the home has."""
    known: dict[str, object] = {"floor": midnight(-400), "starts": midnight(-400)}
    return add_authorization(tx, add_party(tx), home, **(known | told))


def dates(tx: Tx, held: Authorization, home: Home, window: Window | None = None, profile: Profile = PGE) -> list[int]:
    """The dates of the bills that an authorization opens."""
    return [one.bill_date for one in tx.bills.of(held, home.usage_point.id, window, LATER, profile)]


@pytest.fixture
def home(store: Store) -> Home:
    """A home with an agreement from the first day on."""
    with store.begin() as tx:
        return add_home(tx, starts=midnight(0))


def test_a_bill_comes_out_as_it_went_in(store: Store, home: Home) -> None:
    summary = bill(midnight(0))
    with store.begin() as tx:
        assert put(tx, home, summary, midnight(32)) is Outcome.NEW
        held = authorize(tx, home)
        [found] = tx.bills.of(held, home.usage_point.id, None, LATER, PGE)
        assert found == (midnight(32), summary, 1_710_000_001, 1_710_000_001, 1)
        assert tx.bills.one(held, home.usage_point.id, midnight(32), LATER) == found
        assert tx.bills.one(held, home.usage_point.id, midnight(31), LATER) is None


def test_the_same_bill_again_changes_nothing(store: Store, home: Home) -> None:
    with store.begin() as tx:
        put(tx, home, bill(midnight(0)), midnight(32))
        assert put(tx, home, bill(midnight(0)), midnight(32), revision=2) is Outcome.SAME
        assert put(tx, home, bill(midnight(0)), midnight(35), revision=2) is Outcome.SAME
        extent = tx.bills.extent(authorize(tx, home), None, LATER, PGE)
        assert extent is not None
        assert (extent.count, extent.revision) == (1, 1)


@pytest.mark.parametrize(
    ("first", "second", "amount"),
    [(100, 200, 2), (200, 100, 1), (None, None, 2), (100, None, 2), (None, 100, 2), (100, 100, 2)],
)
def test_of_two_bills_of_one_period_the_one_issued_later_stands_under_the_first_ones_name(
    store: Store, home: Home, first: int | None, second: int | None, amount: int
) -> None:
    with store.begin() as tx:
        told = {"profile": PGE, "reason": "test"}
        point = home.usage_point.id
        for number, issued_at in enumerate((first, second), 1):
            tx.bills.put(
                point,
                bill(midnight(0), amount=number),
                midnight(31 + number),
                revision=number,
                at=1_710_000_000 + number,
                profile=PGE,
                reason="test",
                issued_at=issued_at,
            )
        [found] = tx.bills.of(authorize(tx, home), point, None, LATER, PGE)
        assert (found.bill_date, found.summary.bill_last_period) == (midnight(32), amount)
        assert (found.published_at, found.updated_at) == (1_710_000_001, 1_710_000_000 + amount)
        ledger = list(tx.bills.corrections(point))
        assert [entry.revision for entry in ledger] == ([2] if amount == 2 else [])
        assert all(entry.reason == told["reason"] for entry in ledger)


def test_two_periods_billed_on_one_day_have_two_names(store: Store, home: Home) -> None:
    with store.begin() as tx:
        put(tx, home, bill(midnight(0), 30), midnight(32))
        put(tx, home, bill(midnight(30), 1), midnight(32))
        held = authorize(tx, home)
        assert dates(tx, held, home) == [midnight(32), midnight(33)]
        # and keep them
        assert put(tx, home, bill(midnight(30), 1), midnight(32), revision=2) is Outcome.SAME


def test_bills_of_one_period_given_at_once_stay_apart(store: Store, home: Home) -> None:
    with store.begin() as tx:
        for revision in (1, 2):
            told = [
                put(tx, home, bill(midnight(0), amount=nth), midnight(30), revision=revision, nth=nth) for nth in (0, 1)
            ]
            assert set(told) == {Outcome.NEW if revision == 1 else Outcome.SAME}
        assert len(dates(tx, authorize(tx, home), home)) == 2


@pytest.mark.parametrize(
    ("start", "days", "seen"),
    [
        (midnight(0), 30, True),
        (midnight(60), 30, True),
        # the last day counted in
        (midnight(60), 31, True),
        (midnight(60), 32, False),
        (midnight(-1), 30, False),
        (midnight(-30), 30, False),
        (midnight(90), 30, False),
        # billed from the hour of the move on
        (midnight(0) + 3_600, 30, True),
    ],
)
def test_a_bill_is_whose_agreement_its_period_starts_in(store: Store, start: int, days: int, seen: bool) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=midnight(0) + 43_200, ends=midnight(90))
        put(tx, home, bill(start, days), midnight(200))
        assert bool(dates(tx, authorize(tx, home), home)) is seen


@pytest.mark.parametrize(
    ("window", "count"),
    [
        (Window(), 3),
        (Window(published_min=midnight(60)), 2),
        (Window(published_min=midnight(60) + 3_600), 2),
        (Window(published_max=midnight(60)), 2),
        (Window(published_max=midnight(60) - 1), 1),
        (Window(updated_min=1_710_000_002), 2),
        (Window(published_min=midnight(91)), 0),
    ],
)
def test_a_window_takes_bills_by_their_date(store: Store, home: Home, window: Window, count: int) -> None:
    with store.begin() as tx:
        for nth in range(3):
            put(tx, home, bill(midnight(30 * nth)), midnight(30 * nth + 30), revision=nth + 1)
        held = authorize(tx, home)
        assert len(dates(tx, held, home, window)) == count
        extent = tx.bills.extent(held, window, LATER, PGE, usage_point_id=home.usage_point.id)
        assert (extent.count if extent else 0) == count
        for profile in (PGE, STANDARD):
            assert dates(tx, held, home, window, profile) == [
                midnight(day)
                for nth, day in enumerate((30, 60, 90))
                if window.covers_time(midnight(day), PGE.zone, profile) and window.covers_change(1_710_000_001 + nth)
            ]


def test_the_delta_has_what_changed_since_or_the_last_bill(store: Store, home: Home) -> None:
    with store.begin() as tx:
        for nth in range(3):
            put(tx, home, bill(midnight(30 * nth)), midnight(30 * nth + 30), revision=nth + 1)
        held, point = authorize(tx, home), home.usage_point.id
        told = {
            since: [one.bill_date for one in tx.bills.latest(held, point, since, LATER)]
            for since in (None, 1_710_000_001, 1_710_000_003)
        }
        assert told == {
            None: [midnight(90)],
            1_710_000_001: [midnight(60), midnight(90)],
            1_710_000_003: [],
        }


def test_power_quality_is_kept_beside_the_bills(store: Store, home: Home) -> None:
    interval = DateTimeInterval(duration=30 * DAY, start=midnight(0))
    summary = ElectricPowerQualitySummary(summary_interval=interval, flicker_pst=3, long_interruptions=1)
    with store.begin() as tx:
        put(tx, home, bill(midnight(0)), midnight(0))
        point = home.usage_point.id
        assert tx.bills.put_quality(point, summary, profile=PGE, revision=1, at=5) is Outcome.NEW
        changed = replace(summary, long_interruptions=2)
        assert tx.bills.put_quality(point, changed, profile=PGE, revision=2, at=6) is Outcome.CHANGED
        held = authorize(tx, home)
        [found] = tx.bills.quality(held, point, None, LATER, PGE)
        assert found.summary == changed
        assert len(dates(tx, held, home)) == 1


def test_nobody_else_reads_a_bill(store: Store, home: Home) -> None:
    with store.begin() as tx:
        put(tx, home, bill(midnight(0)), midnight(30))
        stranger = add_home(tx, "5555555555-5", starts=midnight(0))
        held = authorize(tx, stranger)
        assert dates(tx, held, home) == []
        assert tx.bills.one(held, home.usage_point.id, midnight(30), LATER) is None
        assert tx.bills.latest(held, home.usage_point.id, None, LATER) == ()
        assert tx.bills.extent(held, None, LATER, PGE) is None
