"""Finding a few of many: by words, by pages, by a list, by a file."""

import pytest

from wattshare.custodian.model.premises import (
    Account,
    Address,
    Agreement,
    Commodity,
    Customer,
    Service,
    ServiceLocation,
    UsagePoint,
)
from wattshare.custodian.services.finding import found, listed, listed_in, paged


def service(number: int, street: str, commodity: Commodity = Commodity.ELECTRICITY) -> Service:
    """One of many."""
    address = Address(line=street, city="Riverton", state="CA", postal_code="95990")
    return Service(
        customer=Customer(id=1, name="Harbor Foods"),
        account=Account(id=number // 2, customer_id=1, number=f"0040{number // 2:07d}"),
        agreement=Agreement(id=number, usage_point_id=number, account_id=number // 2, number=f"99-{number}", starts=0),
        usage_point=UsagePoint(id=number, commodity=commodity),
        location=ServiceLocation(id=number, address=address),
    )


MANY = (
    service(10, "1 Elm St"),
    service(11, "1 Elm St", Commodity.GAS),
    service(12, "12 Oak Ave"),
    service(13, "7 Elm Court"),
)


def ids(services: tuple[Service, ...]) -> list[int]:
    return [one.agreement.id for one in services]


def test_each_word_has_to_be_there_in_whatever_case() -> None:
    assert ids(found(MANY, "ELM")) == [10, 11, 13]
    assert ids(found(MANY, "st elm")) == [10, 11]
    assert ids(found(MANY, "elm", Commodity.GAS)) == [11]
    assert ids(found(MANY, "99-12")) == [12]
    assert ids(found(MANY, "00400000006")) == [12, 13]
    # the beginning of a word, not its middle; of a number no less than four digits
    assert (ids(found(MANY, "1")), ids(found(MANY, "lm")), ids(found(MANY, "006"))) == ([10, 11, 12], [], [])
    assert (ids(found(MANY, "")), ids(found(MANY, "pine"))) == ([10, 11, 12, 13], [])


def test_a_page_is_there_whatever_number_is_asked_for() -> None:
    items = list(range(7))
    assert [paged(items, number, 3).items for number in (1, 3, 9, 0)] == [(0, 1, 2), (6,), (6,), (0, 1, 2)]
    nothing = paged(items[:0], 4, 3)
    assert (nothing.pages, nothing.count, nothing.number) == (1, 0, 1)


@pytest.mark.parametrize("text", ["99-10, 99-12", '"9910";\t9912', "99-10\n99-12\r\n", "No.: 99.10 and 99.12!"])
def test_a_list_names_services_however_it_is_written(text: str) -> None:
    told = listed(MANY, text)
    assert (sorted(told.agreement_ids), told.unknown) == ([10, 12], ())


def test_a_list_names_accounts_too_and_says_what_it_does_not_know() -> None:
    # a spreadsheet has dropped the zeros
    told = listed(MANY, "400000005 99-13 77123 77123")
    assert (sorted(told.agreement_ids), told.unknown) == ([10, 11, 13], ((1, "77123"),))
    assert listed(MANY, "99-10\n\n77123, 4711\r\n99-13 77123").unknown == ((3, "77123"), (3, "4711"))
    assert listed(MANY, "no numbers at all") == listed(MANY, "")


def test_a_file_is_read_by_the_column_that_names_most() -> None:
    table = 'Site;Street;Service\r\n1;"12 Oak Ave";99-12\r\n2;7 Elm Court;99-13\r\n3;Elsewhere 5;99-77\r\n'
    told = listed_in(MANY, table)
    assert (sorted(told.agreement_ids), told.unknown) == ([12, 13], ((4, "99-77"),))
    assert listed_in(MANY, "").agreement_ids == frozenset()
    assert sorted(listed_in(MANY, "99-10\n99-11").agreement_ids) == [10, 11]
