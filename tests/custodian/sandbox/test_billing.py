from itertools import pairwise

import pytest

from tests.custodian.sandbox.towns import NOW, TODAY, Built
from wattshare.custodian.sandbox.billing import cents
from wattshare.custodian.sandbox.households import HOUSEHOLDS
from wattshare.espi.days import day_of
from wattshare.espi.enums import ItemKind
from wattshare.espi.profile import PGE

SLUGS = [each.slug for each in HOUSEHOLDS]
METERED = [slug for slug in SLUGS if slug != "billing_only"]


@pytest.mark.parametrize(
    ("amount", "parts", "rounded"),
    [(0, 1, 0), (499, 1, 0), (500, 1, 1000), (1499, 1, 1000), (12_345_678, 1_000, 12_000), (1_500_000, 1_000, 2000)],
)
def test_amounts_are_whole_cents(amount: int, parts: int, rounded: int) -> None:
    assert cents(amount, parts) == rounded


@pytest.mark.parametrize("slug", SLUGS)
def test_a_bill_is_the_sum_of_its_lines(built: Built, slug: str) -> None:
    for bill in built.bills(slug):
        lines = bill.summary.cost_additional_detail_last_period
        amounts = [line.amount or 0 for line in lines]
        assert bill.summary.bill_last_period == sum(amounts) > 0
        assert all(amount % 1000 == 0 for amount in amounts)
        besides = (ItemKind.ADMINISTRATIVE_FEE, ItemKind.TAX)
        assert bill.summary.cost_additional_last_period == sum(
            line.amount or 0 for line in lines if line.item_kind in besides
        )


@pytest.mark.parametrize(
    ("slug", "number", "parts"), [(slug, 0, 1) for slug in METERED] + [("gas_and_electric", 1, 10**5)]
)
def test_a_bill_is_of_what_was_read(built: Built, slug: str, number: int, parts: int) -> None:
    """Whole thousandths of a therm, and of a watt hour, without a rest."""
    bills = built.bills(slug, number)
    assert bills
    for bill in bills:
        period, told = bill.summary.billing_period, bill.summary.overall_consumption_last_period
        assert period is not None
        assert told is not None
        used = built.used(slug, period.start, period.start + period.duration, number)
        assert (told.power_of_ten_multiplier, divmod(used, parts)) == (-3, (told.value, 0))
        fees = [
            line.measurement.value or 0
            for line in bill.summary.cost_additional_detail_last_period
            if line.item_kind == ItemKind.USAGE_FEE and line.measurement
        ]
        assert sum(fees) == told.value


@pytest.mark.parametrize("slug", SLUGS)
def test_periods_follow_one_another_and_bills_are_dated_a_day_or_two_later(built: Built, slug: str) -> None:
    bills = built.bills(slug)
    periods = [bill.summary.billing_period for bill in bills if bill.summary.billing_period]
    for one, other in pairwise(periods):
        assert one.start + one.duration == other.start
    for bill, period in zip(bills, periods, strict=True):
        end = day_of(period.start + period.duration, PGE.zone)
        length = (end - day_of(period.start, PGE.zone)).days
        assert length in range(29, 33) or period.start + period.duration == built.premise(slug).agreement.ends
        assert (day_of(bill.bill_date, PGE.zone) - end).days in (1, 2)
        assert bill.bill_date <= TODAY
        assert bill.bill_date < bill.published_at <= NOW


def test_time_of_use_has_a_line_for_each_code_and_a_flat_rate_has_one(built: Built) -> None:
    flat, car = (
        {
            line.note
            for bill in built.bills(slug)
            for line in bill.summary.cost_additional_detail_last_period
            if line.item_kind == ItemKind.USAGE_FEE
        }
        for slug in ("flat", "electric_car")
    )
    assert flat == {"Energy charge"}
    assert car == {
        f"{when} energy charge"
        for when in (
            "Summer peak",
            "Summer off peak",
            "Summer partial peak",
            "Winter partial peak",
            "Winter off peak",
        )
    }


def test_a_roof_is_credited_for_what_it_gave(built: Built) -> None:
    for bill in built.bills("solar"):
        period = bill.summary.billing_period
        assert period is not None
        (credit,) = (
            line
            for line in bill.summary.cost_additional_detail_last_period
            if line.item_kind == ItemKind.GENERATION_CREDIT
        )
        given = built.used("solar", period.start, period.start + period.duration, flow=19)
        assert credit.measurement is not None
        assert credit.measurement.value == given
        assert (credit.amount or 0) < 0


def test_a_bill_of_estimates_is_issued_again_and_keeps_its_name(built: Built) -> None:
    point = built.premise("corrected").usage_point.id
    with built.store.read() as tx:
        corrections = list(tx.bills.corrections(point))
    assert corrections
    bills = {bill.bill_date: bill for bill in built.bills("corrected")}
    for each in corrections:
        assert bills[each.bill_date].published_at < bills[each.bill_date].updated_at == each.at
    changed = [bill for bill in bills.values() if bill.updated_at != bill.published_at]
    assert len(changed) == len(corrections)


def test_who_is_only_billed_has_bills_and_no_readings(built: Built) -> None:
    assert built.channels("billing_only") == ()
    assert len(built.bills("billing_only")) >= 9


def test_nobody_is_billed_beyond_the_agreement(built: Built) -> None:
    gone, stays = (built.premise("moved", number).agreement for number in (0, 1))
    last, first = built.bills("moved", 0)[-1].summary, built.bills("moved", 1)[0].summary
    assert last.billing_period is not None
    assert first.billing_period is not None
    assert last.billing_period.start + last.billing_period.duration == gone.ends
    assert first.billing_period.start == stays.starts
