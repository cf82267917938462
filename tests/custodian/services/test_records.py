"""Tables of customers and what is theirs: each row by its own key, whole or not at all."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.custodian.servers import ENGINES
from tests.custodian.services.taking import NOW, authorize_everything, contents_of, services_of
from wattshare.custodian.formats.tables.moments import first_of
from wattshare.custodian.formats.tables.records import BY_NAME, Wrong, email, kind_of, template
from wattshare.custodian.model.changes import Tally
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.door import Door, Wanted
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

POINT = 5_390_000_001
CUSTOMERS = "customer,name,email,class\nC-1,Robin Field,robin@example.com,RES\nC-2,Mill Lane Bakery,,COM\n"
ACCOUNTS = (
    "account,customer,phone,address,city,state,postal_code\n41415-9,C-1,555-0142,12 Mill Lane,Riverton,CA,95001\n"
    "50000-1,C-2,,,,,\n"
)
AGREEMENTS = "agreement,account,usage_point,commodity,starts,ends,tariff,address,city,state,postal_code\n"
HOME = f"SA-1,41415-9,{POINT},electricity,2023-05-01,,E-1,12 Mill Lane,Riverton,CA,95001\n"


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)


@pytest.fixture
def door(store: Store) -> Door:
    """The way into an empty utility, on a stopped clock."""
    return Door(Intake(store, lambda: NOW, PGE))


def taken(door: Door, text: str, **wanted: Any) -> Report:
    return door.take(io.BytesIO(text.encode()), "table.csv", Wanted(**wanted))


def settled(door: Door) -> None:
    """Two customers, one of whom has a service."""
    for text in (CUSTOMERS, ACCOUNTS, AGREEMENTS + HOME):
        assert taken(door, text).refused is None


def test_an_account_can_have_several_holders(door: Door, store: Store) -> None:
    settled(door)
    holders = "account,customer,starts,ends\n41415-9,C-2,2024-01-01,\n"
    assert taken(door, holders).records == Tally(new=1)
    assert taken(door, holders + "41415-9,C-1,2023-05-01,2024-02-01\n").records == Tally(new=1, same=1)
    with store.read() as tx:
        account = tx.customers.by_account_number("41415-9")
        assert account is not None
        bakery = tx.customers.by_account_number("50000-1")
        assert bakery is not None
        [theirs] = tx.customers.services(bakery.customer_id)
        assert (theirs.customer.name, theirs.account.number) == ("Mill Lane Bakery", "41415-9")
        assert theirs.agreement.starts == first_of(date(2024, 1, 1), PGE.zone)
    for row, sentence in {
        "41415-8,C-2,2024-01-01,": "No account has this number",
        "41415-9,C-9,2024-01-01,": "No customer has this number",
        "41415-9,C-2,2024-01-01,2024-01-01": "It ends before it starts",
    }.items():
        [told] = sentences(taken(door, f"account,customer,starts,ends\n{row}\n"))
        assert sentence in told


def test_who_may_only_see_an_account_does_not_hold_it(door: Door, store: Store) -> None:
    settled(door)
    seen = "account,customer,starts,ends,may_share\n41415-9,C-2,2024-01-01,,no\n"
    assert [taken(door, seen).records, taken(door, seen + "\n").records] == [Tally(new=1), Tally(same=1)]
    with store.read() as tx:
        bakery = tx.customers.by_account_number("50000-1")
        assert bakery is not None
        assert tx.customers.services(bakery.customer_id) == ()
        [home] = tx.customers.seen(bakery.customer_id, first_of(date(2024, 2, 1), PGE.zone))
        assert home.account.number == "41415-9"
    assert taken(door, seen.replace(",no", ",yes")).records == Tally(new=1)
    with store.read() as tx:
        assert tx.viewers.of(home.account.id, bakery.customer_id) is None
        assert len(tx.customers.services(bakery.customer_id)) == 1
    for row in ("41415-9,C-2,2024-02-01,,no", "41415-9,C-1,2024-02-01,,no"):
        [told] = sentences(taken(door, f"account,customer,starts,ends,may_share\n{row}\n"))
        assert "This customer holds the account then" in told


def sentences(report: Report) -> list[str]:
    return [str(bad) for bad in report.bad_rows]


def test_customers_accounts_agreements_and_meters_become_services(door: Door, store: Store) -> None:
    settled(door)
    meters = f"meter,usage_point,installed,removed,interval_length\nM-1,{POINT},2020-02-01,,900\n"
    assert taken(door, meters).records == Tally(new=1)
    [service] = services_of(store, "414159")
    assert service.location is not None
    assert (service.customer.name, service.account.number, service.agreement.tariff) == (
        "Robin Field",
        "41415-9",
        "E-1",
    )
    assert (service.location.address.line, service.usage_point.id) == ("12 Mill Lane", POINT)
    assert [(meter.serial, meter.interval_length) for meter in service.meters] == [("M-1", 900)]


@pytest.mark.parametrize("name", BY_NAME)
def test_a_template_is_taken_and_taken_again_changes_nothing(door: Door, store: Store, name: str) -> None:
    kind, order = BY_NAME[name], ("customers", "accounts", "agreements")
    for needed in order[: order.index(name)] if name in order else order:
        assert taken(door, template(BY_NAME[needed])).refused is None
    text = template(kind)
    assert kind_of(text.partition("\n")[0].split(",")) is kind
    report = taken(door, text)
    assert report.refused is None, sentences(report)
    assert report.kind == kind.name
    before = contents_of(store)
    assert taken(door, text).known
    again = taken(door, text + "\n")
    tally = again.bills if kind.name == "bills" else again.records
    assert (tally.new, tally.changed) == (0, 0)
    assert tally.same > 0
    assert contents_of(store) == before


def test_what_changed_is_written_down_by_field(door: Door, store: Store) -> None:
    settled(door)
    report = taken(door, ACCOUNTS.replace("555-0142", "555-0199"))
    assert report.records == Tally(changed=1, same=1)
    with store.read() as tx:
        account = tx.customers.by_account_number("414159")
        assert account is not None
        changes = tx.imports.changes("account", str(account.id))
    assert [fields for _, fields in changes] == [("*",), ("phone",)]


def test_a_customer_moves_out_and_the_next_moves_in_whatever_the_order_of_the_rows(door: Door, store: Store) -> None:
    settled(door)
    newcomer = f"SA-2,50000-1,{POINT},,2024-05-01,,,,,,\n"
    leaving = HOME.replace(",,E-1", ",2024-05-01,E-1")
    report = taken(door, AGREEMENTS + newcomer + leaving)
    assert report.records == Tally(new=1, changed=1)
    with store.read() as tx:
        first, second = tx.customers.agreements_of(POINT)
    assert first.ends == second.starts
    assert second.ends is None


def test_agreements_that_overlap_are_refused_by_name(door: Door, store: Store) -> None:
    settled(door)
    before = contents_of(store)
    report = taken(door, AGREEMENTS + f"SA-2,50000-1,{POINT},,2024-05-01,,,,,,\n")
    assert report.refused is not None
    assert sentences(report) == [
        "row 2, starts: Agreement SA-2 from 2024-05-01 overlaps agreement SA-1, which runs from 2023-05-01 to no end, "
        f"for usage point {POINT}; end one of them before the other starts."
    ]
    assert contents_of(store) == before


BAD = {
    "no such customer": (ACCOUNTS.replace("C-1", "C-9"), "row 2, customer: No customer has this number"),
    "another's account": (ACCOUNTS.replace("C-2", "C-1"), "row 3, customer: The account is another customer's"),
    "no such account": (AGREEMENTS + HOME.replace("41415-9", "9"), "row 2, account: No account has this number"),
    "no such usage point": (
        "meter,usage_point,installed\nM-1,5390000099,\n",
        "row 2, usage_point: No such usage point",
    ),
    "no e-mail address": (
        CUSTOMERS.replace("robin@example.com", "robin@example"),
        "row 2, email: “robin@example” is no e-mail address; write one alone, as robin@example.com",
    ),
    "no day": (
        AGREEMENTS + HOME.replace("2023-05-01", "05/01/2023"),
        "row 2, starts: “05/01/2023” is no day; write it as",
    ),
    "an end before the start": (AGREEMENTS + HOME.replace(",,E-1", ",2023-04-30,E-1"), "row 2, ends: It ends before"),
    "no service": (AGREEMENTS + HOME.replace("electricity", "elektra"), "row 2, commodity: “elektra” is none of"),
    "another service": (
        AGREEMENTS + HOME.replace("electricity", "gas"),
        f"row 2, commodity: Usage point {POINT} is electricity; another service is another usage point.",
    ),
    "an empty name": ("customer,name\nC-3,\n", "row 2, name: It is empty. Name."),
    "a name of controls": ("customer,name\nC-3,a\x07b\n", "row 2, name: “a�b” holds signs"),
    "no amount": (
        f"usage_point,first_day,last_day,total\n{POINT},2024-03-01,2024-03-31,12.3.4\n",
        "row 2, total: “12.3.4” is no amount",
    ),
    "rows of one bill that differ": (
        "usage_point,first_day,last_day,total,item,item_amount\n"
        f"{POINT},2024-03-01,2024-03-31,5,a,2\n{POINT},2024-03-01,2024-03-31,6,b,3\n",
        "row 2, total: The rows of one bill differ in total",
    ),
    "a quantity without a unit": (
        f"usage_point,first_day,last_day,total,quantity\n{POINT},2024-03-01,2024-03-31,5,3\n",
        "row 2, unit: Say in which unit of electricity",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), BAD.values(), ids=BAD)
def test_a_row_that_cannot_be_kept_says_where_and_what_would_be_right(
    door: Door, store: Store, text: str, sentence: str
) -> None:
    settled(door)
    before = contents_of(store)
    report = taken(door, text)
    assert report.refused is not None
    assert sentences(report)[0].startswith(sentence)
    assert contents_of(store) == before


def test_agreements_may_change_places(door: Door, store: Store) -> None:
    settled(door)
    row = "{},41415-9,SP-5,gas,{}-01-01,{}-01-01,,,,,\n".format
    assert taken(door, AGREEMENTS + row("SA-5", 2023, 2024) + row("SA-6", 2024, 2025)).records == Tally(new=2)
    assert taken(door, AGREEMENTS + row("SA-5", 2024, 2025) + row("SA-6", 2023, 2024)).records == Tally(changed=2)
    with store.read() as tx:
        [here] = set(tx.customers.usage_point_ids()) - {POINT}
        assert [one.number for one in tx.customers.agreements_of(here)] == ["SA-6", "SA-5"]


def test_good_agreements_are_kept_where_bad_ones_are_set_aside(door: Door, store: Store, tmp_path: Path) -> None:
    settled(door)
    rows = f"SA-8,41415-9,SP-8,gas,2024-01-01,,,,,,\nSA-9,nobody,SP-9,gas,2024-01-01,,,,,,\n{HOME}"
    report = taken(door, AGREEMENTS + rows, set_aside=tmp_path / "aside.csv")
    assert (report.records, report.rows_refused) == (Tally(new=1, same=1), 1)
    with store.read() as tx:
        [here] = set(tx.customers.usage_point_ids()) - {POINT}
        assert [one.number for one in tx.customers.agreements_of(here)] == ["SA-8"]


def test_a_column_that_stands_there_twice_is_refused(door: Door) -> None:
    report = taken(door, "customer,name,Name\nC-3,Robin,Field\n")
    assert report.refused is not None
    assert report.refused.sentence.startswith("The column 'name' stands there more than once")
    assert taken(door, "customer,name,note,note\nC-3,Robin,a,b\n").refused is None


def test_a_table_of_bad_rows_alone_is_refused_where_bad_ones_are_set_aside(door: Door, tmp_path: Path) -> None:
    report = taken(door, "customer,name\nC-3,\nC-4,\n", set_aside=tmp_path / "aside.csv")
    assert report.refused is not None
    assert report.rows_refused == 2
    assert not (tmp_path / "aside.csv").exists()


def test_good_rows_are_kept_where_bad_ones_are_set_aside(door: Door, store: Store, tmp_path: Path) -> None:
    settled(door)
    meters = f"meter,usage_point,installed\nM-1,{POINT},\nM-2,5390000099,\nM-3,{POINT},soon\n"
    report = taken(door, meters, set_aside=tmp_path / "aside.csv")
    assert (report.records, report.rows_refused) == (Tally(new=1), 2)
    assert [line.split(",")[0] for line in (tmp_path / "aside.csv").read_text().splitlines()] == ["row", "3", "4"]


def test_a_bill_has_its_lines_and_is_issued_again(door: Door, store: Store) -> None:
    settled(door)
    header = "usage_point,first_day,last_day,bill_date,total,quantity,unit,item,item_amount,item_kind,item_quantity\n"
    lines = (
        f"{POINT},2024-03-01,2024-03-31,2024-04-02,84.20,312.5,kWh,Energy charge,78.15,usage fee,312.5\n"
        f"{POINT},2024-03-01,2024-03-31,2024-04-02,84.20,312.5,kWh,Tax,6.05,tax,\n"
    )
    assert taken(door, header + lines).bills == Tally(new=1)
    assert taken(door, header + lines.replace("84.20", "84.30").replace("6.05", "6.15")).bills == Tally(changed=1)
    with store.begin() as tx:
        held = authorize_everything(tx, POINT)
        [bill] = tx.bills.of(held, POINT, None, NOW, PGE)
    summary = bill.summary
    assert summary.billing_period is not None
    assert summary.overall_consumption_last_period is not None
    # March has an hour less
    assert summary.billing_period.duration == 31 * 86_400 - 3_600
    assert (summary.bill_last_period, summary.overall_consumption_last_period.value) == (8_430_000, 312_500_000)
    items = summary.cost_additional_detail_last_period
    assert [(item.note, item.amount, item.item_kind) for item in items] == [
        ("Energy charge", 7_815_000, 3),
        ("Tax", 615_000, 5),
    ]


def test_a_trial_says_what_would_be_and_keeps_nothing(door: Door, store: Store) -> None:
    before = contents_of(store)
    report = taken(door, CUSTOMERS, dry_run=True)
    assert (report.records, report.revision) == (Tally(new=2), None)
    assert contents_of(store) == before


def test_a_table_said_to_be_of_a_kind_must_have_its_columns(door: Door) -> None:
    report = taken(door, "customer,nom\nC-1,x\n", kind="customers")
    assert report.refused is not None
    assert "has a column 'name', which is not there" in report.refused.sentence
    assert taken(door, CUSTOMERS.replace("email", "fax"), dry_run=True).unread == ("fax",)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("customer,nmae,email", "a table of customers, but its column 'name' is not there, 'nmae' is."),
        ("meter,usage_point,installd", "a table of meters, but its column 'installed' is not there, 'installd' is."),
        ("agreement,account,usage_point", "a table of agreements, but its column 'starts' is not there."),
    ],
)
def test_a_header_that_is_nearly_of_a_kind_is_told_its_slip(door: Door, header: str, told: str) -> None:
    report = taken(door, f"{header}\na,b,c\n")
    assert report.refused is not None
    assert told in report.refused.sentence
    kept = taken(door, f"{header}\na,b,c\n", kind="readings").refused
    assert kept is not None
    assert "Put values.unit into the mapping." in kept.sentence


def test_every_document_leaves_a_line_on_what_became_of_it(door: Door, store: Store) -> None:
    for text in (CUSTOMERS, CUSTOMERS, "customer,name\nC-3,\n", ACCOUNTS):
        taken(door, text)
    taken(door, ACCOUNTS, dry_run=True)
    with store.read() as tx:
        outcomes = tx.imports.outcomes(10)
    assert [(one.kind, one.state) for one in outcomes] == [
        ("accounts", "taken"),
        ("customers", "refused"),
        ("customers", "known"),
        ("customers", "taken"),
    ]


@pytest.mark.parametrize(
    ("cell", "is_one"),
    [
        ("robin@example.com", True),
        ("r.o'b+x@sub.example.co.uk", True),
        ("ünï@müller.de", True),
        *((cell, False) for cell in ("robin", "robin@", "@example.com", "robin@example", "n/a", "ro bin@example.com")),
        *((cell, False) for cell in ("a@x.com;b@x.com", "a@x.com, b@x.com", "Robin <a@x.com>", "mailto:a@x.com")),
        *((cell, False) for cell in (".a@x.com", "a.@x.com", "a..b@x.com", "a@x..com", "a@-x.com", "a@10.0.0.1")),
        (f"{'a' * 250}@example.com", False),
    ],
)
def test_an_address_is_somebody_at_a_host(cell: str, is_one: bool) -> None:
    assert isinstance(email(cell, PGE.zone), Wrong) is not is_one
