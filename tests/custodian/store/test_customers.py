"""Customers, accounts, agreements and meters; programmes."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.custodian.store.households import DAY, ELM_STREET, T0, add_authorization, add_home, add_party
from wattshare.custodian.model.errors import Conflict, Unknown
from wattshare.custodian.model.premises import (
    Commodity,
    Enrollment,
    Login,
    Meter,
    ProgramCode,
    ProgramEnrollment,
    UsagePoint,
)
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.premises import ACCOUNT, AGREEMENT, CUSTOMER, CUSTOMER_LOGIN, SERVICE_LOCATION


def test_a_home_comes_back_as_it_was(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx)
    with store.read() as tx:
        assert tx.customers.customer(home.customer.id) == home.customer
        assert tx.customers.account(home.account.id) == home.account
        assert tx.customers.usage_point(home.usage_point.id) == home.usage_point
        assert tx.customers.agreements_of(home.usage_point.id) == (home.agreement,)
        [service] = tx.customers.services(home.customer.id)
        assert service == tx.customers.service(home.agreement.id)
        assert service.location is not None
        assert service.location.address == ELM_STREET
        assert (service.customer, service.account) == (home.customer, home.account)
        assert (service.agreement, service.usage_point) == (home.agreement, home.usage_point)


def test_account_ids_are_ten_digits_that_are_not_the_number(store: Store) -> None:
    with store.begin() as tx:
        assert [add_home(tx, number).account.id for number in ("1", "2")] == [7_100_000_001, 7_100_000_002]


def test_nothing_about_people_is_readable_in_the_database(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx)
        tx.customers.add_login(
            Login(customer_id=home.customer.id, login="robin@field.example", password_hash="argon2id")
        )
    tables = (CUSTOMER, ACCOUNT, SERVICE_LOCATION, AGREEMENT, CUSTOMER_LOGIN)
    with store.read() as tx:
        rows = [tx.customers._connection.execute(select(table)).all() for table in tables]
    assert all(rows)
    kept = str(rows)
    for hidden in ("Robin Field", "robin@", "Elm Street", "Riverton", "1234567890", "555-0100", "SA-1"):
        assert hidden not in kept


@pytest.mark.parametrize(
    ("number", "phone", "found"),
    [
        ("1234567890-1", "555-555-0100", True),
        (" 12345 67890 1", "+1 (555) 555 0100", True),
        ("1234567890-1", "555-0100", False),
        ("1234567890-1", "", False),
        ("1234567890-2", "555-555-0100", False),
        ("", "555-555-0100", False),
        ("", "", False),
    ],
)
def test_a_guest_is_known_by_account_and_phone(store: Store, number: str, phone: str, found: bool) -> None:
    with store.begin() as tx:
        home = add_home(tx)
        assert (tx.customers.by_account_and_phone(number, phone, T0) == home.customer) is found


def test_an_account_without_a_phone_is_nobodys_guest(store: Store) -> None:
    with store.begin() as tx:
        customer = tx.customers.add_customer("Kim Hill")
        for number, phone in (("77", None), ("78", ""), ("79", "none")):
            tx.customers.add_account(customer.id, number, phone=phone)
            for shown in ("", "none", "0"):
                assert tx.customers.by_account_and_phone(number, shown, T0) is None


@pytest.mark.parametrize(
    ("kept", "asked", "found"),
    [
        ("1234567890-1", "12345678901", True),
        ("ab-12", "AB12", True),
        ("A12", "B12", False),
        ("12", "012", False),
    ],
)
def test_an_account_is_found_by_its_number_however_it_is_written(
    store: Store, kept: str, asked: str, found: bool
) -> None:
    with store.begin() as tx:
        home = add_home(tx, kept)
        assert tx.customers.by_account_number(asked) == (home.account if found else None)


@pytest.mark.parametrize("number", ["12345678901", "1234567890-1", "", " - "])
def test_a_number_that_is_taken_or_empty_is_refused(store: Store, number: str) -> None:
    with store.begin() as tx:
        home = add_home(tx)
        with pytest.raises(Conflict):
            tx.customers.add_account(home.customer.id, number)


def test_changes_are_kept(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx)
        customer = replace(home.customer, name="Robin Meadow", email=None)
        account = replace(home.account, number="99-9", phone=None, mailing=None, bill_cycle="04")
        point = replace(home.usage_point, commodity=Commodity.GAS, location_id=None, extra="{}")
        agreement = replace(home.agreement, tariff="E-TOU-C", ends=T0 + DAY)
        tx.customers.change_customer(customer)
        tx.customers.change_account(account)
        tx.customers.change_usage_point(point)
        tx.customers.change_agreement(agreement)
    with store.read() as tx:
        [service] = tx.customers.services(home.customer.id)
        assert service.location is None
        assert (service.customer, service.account) == (customer, account)
        assert (service.usage_point, service.agreement) == (point, agreement)
        assert tx.customers.by_account_number("1234567890-1") is None
        assert tx.customers.by_account_number("999") == account


def test_a_location_moves_with_its_change(store: Store) -> None:
    with store.begin() as tx:
        location = tx.customers.add_location(ELM_STREET)
        home = add_home(tx)
        tx.customers.change_location(replace(location, address=replace(ELM_STREET, line="1 Oak Street")))
        service = tx.customers.service(home.agreement.id)
        assert service.location is not None
        assert service.location.address == ELM_STREET


@pytest.mark.parametrize(
    ("starts", "ends", "fits"),
    [
        (T0 + 10 * DAY, None, True),
        (T0 - DAY, T0, True),
        (T0 + 9 * DAY, None, False),
        (T0 + 1, T0 + 2, False),
        (T0 - DAY, None, False),
        (T0 - DAY, T0 + 1, False),
        (T0 + 20 * DAY, T0 + 20 * DAY, False),
    ],
)
def test_a_service_is_one_customers_at_a_time(store: Store, starts: int, ends: int | None, fits: bool) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=T0, ends=T0 + 10 * DAY)
        other = add_home(tx, "other")

        def add() -> None:
            tx.customers.add_agreement(home.usage_point.id, other.account.id, "SA-2", starts=starts, ends=ends)

        if fits:
            add()
        else:
            with pytest.raises(Conflict):
                add()
        assert len(tx.customers.agreements_of(home.usage_point.id)) == 1 + fits


def test_an_agreement_cannot_be_stretched_over_another(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=T0, ends=T0 + DAY)
        other = add_home(tx, "other")
        tx.customers.add_agreement(home.usage_point.id, other.account.id, "SA-2", starts=T0 + DAY)
        with pytest.raises(Conflict):
            tx.customers.change_agreement(replace(home.agreement, ends=None))


def test_moving_out_ends_the_agreement_once(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx)
        tx.customers.end_agreement(home.agreement.id, T0 + 5 * DAY)
        tx.customers.end_agreement(home.agreement.id, T0 + 9 * DAY)
        assert tx.customers.service(home.agreement.id).agreement.ends == T0 + 5 * DAY
        tx.customers.end_agreement(home.agreement.id, T0 + 2 * DAY)
        assert tx.customers.service(home.agreement.id).agreement.ends == T0 + 2 * DAY


def test_past_services_stay_and_other_peoples_do_not_show(store: Store) -> None:
    with store.begin() as tx:
        former = add_home(tx, ends=T0 + DAY)
        present = add_home(tx, "2")
        later = tx.customers.add_agreement(former.usage_point.id, present.account.id, "SA-9", starts=T0 + DAY)
        assert [s.agreement.id for s in tx.customers.services(former.customer.id)] == [former.agreement.id]
        found = [service.agreement.id for service in tx.customers.services(present.customer.id)]
        assert found == [later.id, present.agreement.id]


def test_an_agreement_that_is_not_there_is_unknown(store: Store) -> None:
    with store.read() as tx, pytest.raises(Unknown):
        tx.customers.service(1)


def test_a_service_has_the_meters_that_stood_while_it_ran(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=T0, ends=T0 + 10 * DAY)
        periods = {
            "before": (T0 - 5 * DAY, T0),
            "first": (T0 - 5 * DAY, T0 + DAY),
            "second": (T0 + DAY, None),
            "after": (T0 + 10 * DAY, None),
        }
        for serial, (installed, removed) in periods.items():
            tx.customers.add_meter(
                Meter(usage_point_id=home.usage_point.id, serial=serial, installed=installed, removed=removed)
            )
        service = tx.customers.service(home.agreement.id)
        assert [meter.serial for meter in service.meters] == ["first", "second"]
        tx.customers.change_meter(replace(service.meters[1], removed=T0 + 3 * DAY, utc_number="U1"))
        assert tx.customers.service(home.agreement.id).meters[1].utc_number == "U1"


def test_an_authorization_opens_its_services_only(store: Store) -> None:
    with store.begin() as tx:
        party, home, other = add_party(tx), add_home(tx), add_home(tx, "other")
        held = add_authorization(tx, party, home)
        shared = tx.customers.shared(held, T0)
        assert [service.agreement for service in shared] == [home.agreement]
        assert tx.customers.shared(held, T0 - 1) == ()
        assert other.agreement not in [service.agreement for service in shared]


def test_a_login_is_found_in_any_case(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx)
        login = Login(customer_id=home.customer.id, login="Robin@Field.example", password_hash="argon2id")
        tx.customers.add_login(login)
        assert tx.customers.login("robin@FIELD.example") == login
        assert tx.customers.login("kim@field.example") is None


def test_fresh_usage_point_ids_pass_over_those_that_a_file_brought(store: Store) -> None:
    with store.begin() as tx:
        brought = UsagePoint(id=5_390_000_002, commodity=Commodity.GAS)
        tx.customers.add_usage_point(brought)
        ids = [tx.customers.next_usage_point_id() for _ in range(2)]
        assert ids == [5_390_000_001, 5_390_000_003]


def test_a_place_in_a_programme_is_replaced(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx)
        first = ProgramEnrollment(
            usage_point_id=home.usage_point.id,
            program="Peak Savers",
            status=Enrollment.PENDING,
            dates=(("PROGRAM_DR_PROGRAM_ENROLLMENT_DATE", T0),),
            capacity_reservation=5,
        )
        second = replace(first, status=Enrollment.ENROLLED, dates=(), nomination=7)
        other = replace(first, program="Air Savers")
        for enrollment in (first, other, second):
            tx.programs.put(enrollment)
        assert tx.programs.of([home.usage_point.id]) == (other, second)
        assert tx.programs.of([]) == ()
        assert tx.programs.of([1]) == ()


def test_a_code_has_one_name(store: Store) -> None:
    with store.begin() as tx:
        for name in ("Peak", "Critical peak"):
            tx.programs.put_code(ProgramCode(what="tou", code=1, name=name))
        tx.programs.put_code(ProgramCode(what="cpp", code=1, name="Event", note="From 4 to 9"))
        assert tx.programs.codes() == (
            ProgramCode(what="cpp", code=1, name="Event", note="From 4 to 9"),
            ProgramCode(what="tou", code=1, name="Critical peak"),
        )
