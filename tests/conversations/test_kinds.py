"""What is shared decides what is seen: kinds of data, commodities, and who it is told to."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.conversations.stage import USAGE, Desk, Person, contents, days_of, desk, points_in
from tests.custodian.houses import EVERYTHING, Home, TestHouse
from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.parties import Role, UserType
from wattshare.custodian.model.premises import Commodity, Enrollment, ProgramEnrollment
from wattshare.espi.kinds import Kind
from wattshare.espi.scope import Scope
from wattshare.thirdparty import errors
from wattshare.thirdparty.bills import bills
from wattshare.thirdparty.feeds import readings

BOTH = (Commodity.ELECTRICITY, Commodity.GAS)
NO_USAGE: dict[str, Any] = {"kinds_required": frozenset(), "kinds_optional": EVERYTHING}


def enroll(house: TestHouse, home: Home) -> None:
    """The first service is in a programme."""
    since = (("CUST_DR_PROGRAM_ENROLLMENT_DATE", house.midnight(100)),)
    one = ProgramEnrollment(
        usage_point_id=home.usage_points[0], program="Peak Rewards", status=Enrollment.ENROLLED, dates=since
    )
    with house.store.begin() as tx:
        tx.programs.put(one)


def refused(acme: Desk, name: str, **ids: Any) -> bool:
    """Whether a row says 403."""
    try:
        acme.client.call(name, **ids)
    except errors.NotPermitted:
        return True
    return False


def test_usage_without_billing_tells_no_amount(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home, kinds=[])
    batch = acme.client.batch(tokens.subscription, home.usage_points[0])
    assert contents(batch)[-2:] == ["IntervalBlock", "UsageSummary"]
    said = batch.read()
    assert b"overallConsumptionLastPeriod" in said
    for word in (b"billLastPeriod", b"currency>", b"tariffProfile", b"costAdditional"):
        assert word not in said.partition(b"UsageSummary")[2]
    assert refused(acme, "batch-retail-customer", retail_customer=tokens.subscription)
    assert refused(acme, "batch-programs", retail_customer=tokens.subscription)
    assert "AdditionalScope=Usage;" in tokens.scope
    assert tokens.customer_resource_uri is None


def test_billing_without_usage_tells_bills_and_no_reading(house: TestHouse) -> None:
    acme = desk(house, **NO_USAGE)
    home = house.home()
    tokens = acme.connect(home, kinds=[Kind.BILLING])
    point = home.usage_points[0]
    batch = acme.client.batch(tokens.subscription, point)
    assert contents(batch) == ["LocalTimeParameters", "UsagePoint", "UsageSummary"]
    [bill] = bills(batch)
    assert bill.amount == Decimal("233.64")
    where: dict[str, Any] = {"subscription": tokens.subscription, "usage_point": point}
    assert refused(acme, "meter-readings", **where)
    assert refused(acme, "interval-blocks", **where, meter_reading="TnpJNmJuVnNiRG81TURBNk1RPT06MQ==")
    # links lead only to what is open
    [told] = acme.client.usage_points(tokens.subscription).entries()
    assert not any("MeterReading" in href for href in told.related)


def test_billing_without_account_tells_bills_and_nobodys_name(house: TestHouse) -> None:
    acme = desk(house, **NO_USAGE)
    home = house.home(name="Ada Elm")
    tokens = acme.connect(home, kinds=[Kind.USAGE, Kind.BILLING])
    batch = acme.client.batch(tokens.subscription, home.usage_points[0])
    assert b"billLastPeriod" in batch.read()
    assert refused(acme, "batch-retail-customer", retail_customer=tokens.subscription)
    assert b"Elm" not in batch.read()


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ([Kind.BASIC], ["Customer", "ServiceLocation", "CustomerAgreement"]),
        ([Kind.ACCOUNT], ["CustomerAccount"]),
        ([Kind.BASIC, Kind.ACCOUNT], ["Customer", "ServiceLocation", "CustomerAccount", "CustomerAgreement"]),
    ],
)
def test_who_the_customer_is_and_what_the_account_is_are_two_kinds(
    house: TestHouse, kinds: list[Kind], told: list[str]
) -> None:
    acme = desk(house, **NO_USAGE)
    home = house.home()
    tokens = acme.connect(home, kinds=kinds)
    answer = acme.client.customer(tokens.subscription)
    assert contents(answer) == told
    assert (home.account_number.encode() in answer.read()) == (Kind.ACCOUNT in kinds)
    assert (b" Elm St" in answer.read()) == (Kind.BASIC in kinds)
    assert refused(acme, "usage-points", subscription=tokens.subscription)
    assert tokens.customer_resource_uri is not None


def test_enrolment_alone_tells_programmes_and_nothing_else(house: TestHouse) -> None:
    acme = desk(house, **NO_USAGE)
    home = house.home(name="Ada Elm")
    enroll(house, home)
    tokens = acme.connect(home, kinds=[Kind.PROGRAM_ENROLLMENT])
    told = acme.client.programs(tokens.subscription)
    assert contents(told) == ["CustomerAgreement", "ProgramDateIdMappings"]
    assert b"Elm" not in told.read()
    assert home.account_number.encode() not in told.read()
    for name in ("batch-retail-customer",):
        assert refused(acme, name, retail_customer=tokens.subscription)
    for name in ("usage-points", "batch-subscription"):
        assert refused(acme, name, subscription=tokens.subscription)
    assert "AdditionalScope=ProgramEnrollment;" in tokens.scope
    assert {4, 5, 10, 15, 16}.isdisjoint(Scope.read(tokens.scope).function_blocks)


@pytest.mark.parametrize(("place", "block", "absent"), [(0, 5, 10), (1, 10, 5)])
def test_one_commodity_of_two_is_shared_alone(
    house: TestHouse, acme: Desk, place: int, block: int, absent: int
) -> None:
    home = house.home(commodities=BOTH)
    tokens = acme.connect(home, agreements=[home.agreements[place].id])
    shared, other = home.usage_points[place], home.usage_points[1 - place]
    assert points_in(acme.client.usage_points(tokens.subscription)) == [str(shared)]
    assert acme.client.batch(tokens.subscription, shared).status == 200
    with pytest.raises(errors.NotFound):
        acme.client.batch(tokens.subscription, other)
    acme.client.subscription(tokens.subscription)
    [url] = acme.files()
    assert points_in(acme.client.fetch(url)) == [str(shared)]
    assert points_in(acme.client.batch(tokens.subscription, shared)) == [str(shared)]
    blocks = Scope.read(tokens.scope).function_blocks
    assert block in blocks
    assert absent not in blocks
    customer = acme.client.customer(tokens.subscription).read()
    assert str(shared).encode() in customer
    assert str(other).encode() not in customer


def test_history_reaches_back_as_far_as_was_registered(house: TestHouse) -> None:
    acme = desk(house, history_days=2)
    home = house.home(days=5)
    tokens = acme.connect(home)
    batch = acme.client.batch(tokens.subscription, home.usage_points[0])
    assert days_of(house, batch) == [house.day(2), house.day(1)]
    assert "HistoryLength=172800;" in tokens.scope


# without OAuth


def offline(house: TestHouse, user_type: UserType) -> Desk:
    """A third party that acts on its client token alone."""
    return desk(house, "Own Data", user_type=user_type, redirect_uris=())


@pytest.mark.parametrize("user_type", [UserType.SELF_ACCESS, UserType.CCA])
def test_self_access_and_aggregators_take_bulk_with_the_client_token(house: TestHouse, user_type: UserType) -> None:
    own = offline(house, user_type)
    home = house.home(name="Ada Elm")
    held = house.share(own.registered, home)
    # the notice of a new authorization, then its entry
    [told] = own.told()
    entry = own.client.authorization(held.id)
    assert told.endswith(f"/Authorization/{held.id}")
    assert entry.is_active
    # the id of the bulk rows is learned from the feed
    own.client.bulk()
    [url] = own.files()
    assert f"/Batch/Bulk/{own.bulk_id}?" in url
    assert days_of(house, own.client.fetch(url)) == [house.day(1)]
    own.client.bulk_customers()
    [url] = own.files()
    assert b"<name>Ada Elm</name>" in own.client.fetch(url).read()


@pytest.mark.parametrize("user_type", [UserType.SELF_ACCESS, UserType.CCA])
def test_who_uses_no_oauth_gets_a_page_and_no_code(house: TestHouse, user_type: UserType) -> None:
    own = offline(house, user_type)
    asked = {"client_id": own.client.custodian.client_id, "response_type": "code", "redirect_uri": "https://x.example/"}
    answer = house.browser.get("/datacustodian/oauth/v2/authorize", params=asked)
    assert answer.status_code == 400
    with pytest.raises(errors.Refused) as refusal:
        own.client.grants.redeem("wcd_nothing", redirect_uri="https://x.example/")
    assert refusal.value.cause.error == "unauthorized_client"


def test_a_paper_consent_for_two_customers_is_an_authorization_each(house: TestHouse) -> None:
    own = offline(house, UserType.CCA)
    homes = [house.home(), house.home()]
    points = tuple(point for home in homes for point in home.usage_points)
    made = house.house.consent.add_offline(own.name, points, USAGE, None)
    assert len(made) == 2
    own.client.bulk(house.day(2))
    [url] = [one for one in own.told() if "Bulk" in one]
    assert points_in(own.client.fetch(url)) == [str(point) for point in points]


def test_a_paper_consent_again_replaces_the_former_one(house: TestHouse) -> None:
    own, home = offline(house, UserType.SELF_ACCESS), house.home()
    first, second = house.share(own.registered, home), house.share(own.registered, home)
    assert own.client.authorization(first.id).status == 0
    assert own.client.authorization(second.id).is_active


# a primary and its partner


@pytest.fixture
def partner(house: TestHouse) -> Desk:
    """Shown beside the primary, and never asks anybody."""
    narrow: dict[str, Any] = {
        "kinds_required": USAGE,
        "kinds_optional": frozenset({Kind.PROGRAM_ENROLLMENT, Kind.BASIC}),
    }
    return desk(house, "Quiet Partner", role=Role.PARTNER, redirect_uris=(), **narrow)


@pytest.fixture
def primary(house: TestHouse, partner: Desk) -> Desk:
    """Asks for both."""
    return desk(house, "Prime Response", role=Role.PRIMARY, partner=partner.name)


def test_a_partner_gets_its_own_authorization_when_the_primarys_code_is_redeemed(
    house: TestHouse, primary: Desk, partner: Desk
) -> None:
    home = house.home()
    enroll(house, home)
    tokens = primary.connect(home)
    [held] = [one for one in partner.client.authorizations() if one.is_customers]
    assert held.id != tokens.subscription
    assert "AdditionalScope=Usage_Basic_ProgramEnrollment;" in held.scope
    assert partner.told() == [partner.client.custodian.resource + f"/Authorization/{held.id}"]
    # usage, customers and programmes in bulk, by the client token
    for order in (partner.client.bulk, partner.client.bulk_customers, partner.client.bulk_programs):
        order()
        [url] = partner.files()
        assert partner.client.fetch(url).status == 200
    # no account number: the partner is not registered for it
    partner.client.bulk_customers()
    [url] = partner.files()
    assert home.account_number.encode() not in partner.client.fetch(url).read()


def test_a_partner_may_not_ask_for_one_customers_programmes(house: TestHouse, primary: Desk, partner: Desk) -> None:
    home = house.home()
    tokens = primary.connect(home)
    [held] = [one for one in partner.client.authorizations() if one.is_customers]
    for token in (partner.client_token(), primary.token(tokens.subscription)):
        assert partner.ask(f"/Batch/RetailDRPrgInfo/{held.id}", token).status_code == 403
    assert primary.client.programs(tokens.subscription).status == 200


def test_the_page_names_the_partner(house: TestHouse, primary: Desk, partner: Desk) -> None:
    assert "Quiet Partner" in Person(house, house.home()).reads(primary.journey())


def test_connecting_again_replaces_the_partners_authorization_too(
    house: TestHouse, primary: Desk, partner: Desk
) -> None:
    home = house.home()
    primary.connect(home)
    [first] = [one for one in partner.client.authorizations() if one.is_customers]
    primary.connect(home)
    [second] = [one for one in partner.client.authorizations() if one.is_customers]
    assert int(second.id) > int(first.id)
    assert partner.client.authorization(first.id).status == 0


def test_a_partner_stands_by_itself(house: TestHouse, primary: Desk, partner: Desk) -> None:
    tokens = primary.connect(house.home())
    [held] = [one for one in partner.client.authorizations() if one.is_customers]
    partner.client.revoke(held.id)
    assert primary.client.usage_points(tokens.subscription).status == 200


def test_a_partner_s_ends_with_the_primarys_whoever_ends_it(house: TestHouse, primary: Desk, partner: Desk) -> None:
    for ending in ("customer", "third party", "operator"):
        home = house.home()
        tokens = primary.connect(home)
        [held] = [one for one in partner.client.authorizations() if one.is_customers]
        partner.client.bulk()
        [url] = partner.files()
        partner.told()
        match ending:
            case "customer":
                Person(house, home).stop("Prime Response")
            case "third party":
                primary.client.revoke(tokens.subscription)
            case _:
                house.house.consent.withdraw(int(tokens.subscription), Ending.OPERATOR)
        assert partner.client.authorization(held.id).status == 0, ending
        assert [one for one in partner.client.authorizations() if one.is_customers] == []
        assert partner.told() == [partner.client.custodian.resource + f"/Authorization/{held.id}"]
        assert partner.client.fetch(url).status == 204
        with house.store.read() as tx:
            whys = {one.ending for one in tx.authorizations.of_customer(home.customer.id)}
        assert len(whys) == 1


def test_a_partner_s_ends_with_the_primarys_period_once(house: TestHouse, primary: Desk, partner: Desk) -> None:
    home = house.home()
    primary.connect(home, until=house.day(-1))
    [held] = [one for one in partner.client.authorizations() if one.is_customers]
    partner.told()
    house.clock.advance(3 * 86_400)
    house.house.worker("test").sweep()
    assert partner.told() == [partner.client.custodian.resource + f"/Authorization/{held.id}"]
    with house.store.read() as tx:
        assert [one.ending for one in tx.authorizations.of_customer(home.customer.id)] == [Ending.EXPIRED] * 2


def test_a_primary_that_comes_back_alone_leaves_its_partner_nothing(
    house: TestHouse, primary: Desk, partner: Desk
) -> None:
    home = house.home()
    primary.connect(home)
    with house.store.begin() as tx:
        party = tx.parties.by_name("Prime Response")
        assert party is not None
        tx.parties.change(replace(party, partner_id=None, role=Role.STANDALONE))
    primary.connect(home)
    assert [one for one in partner.client.authorizations() if one.is_customers] == []


def test_the_page_says_that_the_partners_stops_too(house: TestHouse, primary: Desk, partner: Desk) -> None:
    home = house.home()
    primary.connect(home)
    person = Person(house, home)
    words = person.before_stopping("Prime Response")
    assert "Sharing with Quiet Partner" in words
    assert "stops too" in words
    # the partner's own can be stopped alone
    assert "stops too" not in person.before_stopping("Quiet Partner")
    person.stop("Quiet Partner")
    assert "stops too" not in person.before_stopping("Prime Response")


def test_what_a_partner_gets_is_the_customers(house: TestHouse, primary: Desk, partner: Desk) -> None:
    home = house.home(mark=7_000_000)
    primary.connect(home, kinds=[])
    partner.client.bulk()
    [url] = partner.files()
    assert {one.usage_point for one in readings(partner.client.fetch(url))} == {str(home.usage_points[0])}


def test_programs_of_a_home_that_was_left_are_not_told(house: TestHouse, primary: Desk) -> None:
    left, stays = house.home(), house.home(commodities=(Commodity.ELECTRICITY, Commodity.GAS))
    tokens = primary.connect(stays)
    gas = stays.usage_points[1]
    with house.store.begin() as tx:
        tx.customers.end_agreement(stays.agreements[1].id, house.clock() - 60)
        account = tx.customers.services(left.customer.id)[0].account
        tx.customers.add_agreement(gas, account.id, "9900000078", starts=house.clock() - 60)
        for point, name in ((gas, "Newcomer Saver"), (stays.usage_points[0], "Own Saver")):
            tx.programs.put(ProgramEnrollment(usage_point_id=point, program=name, status=Enrollment.ENROLLED))
    told = primary.client.programs(tokens.subscription).read()
    assert b"Own Saver" in told
    assert b"Newcomer" not in told
