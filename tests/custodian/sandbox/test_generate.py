import itertools
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from tests.custodian.sandbox.conftest import empty
from tests.custodian.sandbox.towns import NOW, TODAY, Built, build
from wattshare.custodian.model.premises import Commodity, Enrollment
from wattshare.custodian.sandbox.generate import Town, generate
from wattshare.custodian.sandbox.households import HOUSEHOLDS
from wattshare.custodian.sandbox.people import account_number, agreement_number
from wattshare.custodian.store.bills import BILL
from wattshare.custodian.store.blocks import CHANNEL, INTERVAL_BLOCK
from wattshare.custodian.store.revisions import REVISION
from wattshare.espi.days import day_of, midnight
from wattshare.espi.profile import PGE

FIRST = 5_390_000_001


def test_twelve_households_move_in_and_their_usage_points_are_numbered_in_that_order(built: Built) -> None:
    points = [premise.usage_point.id for each in built.residents for premise in each.premises]
    assert [each.household.slug for each in built.residents] == [each.slug for each in HOUSEHOLDS]
    assert len(HOUSEHOLDS) == 12
    assert points == list(range(FIRST, FIRST + 53))


def test_the_business_has_forty_agreements_with_electricity_and_gas(built: Built) -> None:
    with built.store.read() as tx:
        services = tx.customers.services(built.resident("business").customer.id)
    assert len(services) == 40
    assert {each.usage_point.commodity for each in services} == {Commodity.ELECTRICITY, Commodity.GAS}
    assert len({each.location.id for each in services if each.location}) == 40


def test_the_business_may_have_hundreds_of_services_the_further_ones_taken_on_lately(tmp_path: Path) -> None:
    store, town = empty(tmp_path), Town(seed=1, days=30, now=NOW, services=95, profile=PGE)
    [business] = (one for one in generate(store, town, lambda *_: None) if one.household.slug == "business")
    with store.read() as tx:
        services = tx.customers.services(business.customer.id)
        assert len({each.location.address.line for each in services if each.location}) == len(services) == 95
        assert sum(each.agreement.ends is not None for each in services) == 1
        small = services[41].usage_point.id
        assert {channel.reading_type.interval_length for channel in tx.readings.channels(small)} == {3_600}
    assert town.all == 53 + 55


def test_account_numbers_have_eleven_digits_and_are_the_only_ones_of_their_kind(built: Built) -> None:
    numbers = {each.account.number for each in built.residents}
    assert len(numbers) == 12
    assert {len(number) for number in numbers} == {11}
    many = {account_number(3, number) for number in range(20_000)}
    assert len(many) == 20_000
    assert len({agreement_number(3, FIRST + number) for number in range(20_000)}) == 20_000


def test_who_moves_has_one_home_until_that_day_and_the_other_from_it_on(built: Built) -> None:
    before, after = (built.premise("moved", number).agreement for number in (0, 1))
    assert before.ends is not None
    assert (day_of(after.starts, PGE.zone) - day_of(before.ends, PGE.zone)).days == 1
    assert after.ends is None
    for at in (before.ends, after.starts):
        assert at % 3600 == 0
        assert day_of(at - 1, PGE.zone) < day_of(at, PGE.zone)


def test_who_moved_out_before_the_first_of_few_days_had_moved_in_before_that(tmp_path: Path) -> None:
    # a seed by which the household would have come after it had gone
    residents = generate(empty(tmp_path), Town(seed=6, days=2, now=NOW, profile=PGE), lambda _done, _all: None)
    [moved] = (each for each in residents if each.household.slug == "moved")
    before, after = (premise.agreement for premise in moved.premises)
    assert before.ends is not None
    assert before.starts < before.ends < after.starts


def test_programmes_are_enrolled_with_dates_and_power_or_still_pending(built: Built) -> None:
    with built.store.read() as tx:
        pending, enrolled = tx.programs.of((built.premise("demand_response").usage_point.id,))
    assert (pending.status, enrolled.status) == (Enrollment.PENDING, Enrollment.ENROLLED)
    assert pending.dates[0][1] > NOW > enrolled.dates[0][1]
    assert len(enrolled.dates) == 3
    assert (enrolled.capacity_reservation, enrolled.nomination) != (None, None)


def test_dates_of_programmes_are_local_midnights_on_both_sides_of_a_change_of_the_clock(built: Built) -> None:
    with built.store.read() as tx:
        pending, enrolled = tx.programs.of((built.premise("demand_response").usage_point.id,))
    for _, second in (*pending.dates, *enrolled.dates):
        assert second == midnight(day_of(second, PGE.zone), PGE.zone)


def test_history_ends_with_yesterday_and_nothing_is_known_before_it_is_over(built: Built) -> None:
    blocks = built.blocks("flat")
    assert len(blocks) == 340
    assert blocks[-1].day_end == TODAY
    assert all(block.day_end < block.published_at <= NOW for block in blocks)


@pytest.mark.parametrize("days", [2, 45])
def test_the_same_seed_days_and_time_give_the_same_content(tmp_path: Path, days: int) -> None:
    one, other = (content(tmp_path / str(seed), days=days, seed=seed % 10) for seed in (1, 11))
    assert one == other


def test_another_seed_gives_other_content(tmp_path: Path) -> None:
    one, other = (content(tmp_path / str(seed), days=2, seed=seed) for seed in (1, 2))
    assert len(one["blocks"]) == len(other["blocks"])
    assert one["blocks"] != other["blocks"]


def test_a_day_is_the_same_however_long_the_history_before_it(tmp_path: Path) -> None:
    short, long = (content(tmp_path / str(days), days=days, seed=1)["blocks"] for days in (2, 9))
    known = {(row["usage_point_id"], row["start"], row["values"]) for row in long}
    assert {(row["usage_point_id"], row["start"], row["values"]) for row in short} < known


def test_more_usage_points_are_simple_homes_with_bills_and_without_a_way_in(tmp_path: Path) -> None:
    store = empty(tmp_path)
    seen: list[tuple[int, int]] = []
    town = Town(seed=1, days=70, now=NOW, usage_points=30, profile=PGE)
    generate(store, town, lambda done, whole: seen.append((done, whole)))
    with store.read() as tx:
        last = tx.customers.agreements_of(FIRST + 82)
        assert tx.customers.agreements_of(FIRST + 83) == ()
        assert len(tx.readings.channels(FIRST + 82)) == 1
        assert tx.bills.first_day(FIRST + 82) is not None
    assert len(last) == 1
    assert seen[-1] == (83, 83)
    assert all(one[0] < other[0] for one, other in itertools.pairwise(seen))


def content(folder: Path, *, days: int, seed: int) -> dict[str, Any]:
    """Everything of a town that is not sealed, and what is, opened."""
    folder.mkdir()
    store = empty(folder)
    built = build(store, days=days, seed=seed)
    tables = {"blocks": INTERVAL_BLOCK, "bills": BILL, "channels": CHANNEL, "revisions": REVISION}
    with store.engine.connect() as connection:
        found: dict[str, Any] = {
            name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for name, table in tables.items()
        }
        found["meters"] = connection.execute(text("select * from meter order by 1, 2")).all()
    found["people"] = [asdict(each) for each in built.residents]
    store.close()
    return found
