"""Tables of records by the chunk: as row by row, whatever others do meanwhile."""

import io
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.custodian.servers import ENGINES, OpenStore
from tests.custodian.services.taking import NOW
from tests.custodian.services.test_records import ACCOUNTS, AGREEMENTS, CUSTOMERS, HOME, POINT, taken
from wattshare.custodian.formats.tables.moments import first_of
from wattshare.custodian.model.changes import Tally
from wattshare.custodian.model.premises import Login
from wattshare.custodian.services.intake import Intake, Report, agreements, bills, records
from wattshare.custodian.services.intake.door import Door, Wanted
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.drafts import Drafts, PreparedDraft
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.bills import UsageSummary
from wattshare.espi.profile import PGE
from wattshare.espi.usage import DateTimeInterval

HEADERS = {
    "customers": "customer,name,email,class",
    "accounts": "account,customer,phone,address,city,state,postal_code",
    "holders": "account,customer,starts,ends,may_share",
    "agreements": AGREEMENTS.strip(),
    "meters": "meter,usage_point,installed,removed",
    "programs": "usage_point,program,status",
    "bills": "usage_point,first_day,last_day,bill_date,total",
}
ROWS = 14
CHANGED = "SELECT kind, key, fields FROM record_change ORDER BY number"


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)


@pytest.fixture
def door(store: Store) -> Door:
    """The way into an empty utility, on a stopped clock."""
    return Door(Intake(store, lambda: NOW, PGE))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets how many rows are looked up at once."""

    def chunked(rows: int) -> None:
        for module in (records, agreements, bills):
            monkeypatch.setattr(module, "CHUNK", rows)

    return chunked


def rows_of(kind: str, some: random.Random) -> Iterator[str]:
    """Rows of a kind about few things, so that many are of one; some name what is not there, or are wrong."""
    for _ in range(ROWS):
        one, other, month = (some.randrange(1, 7) for _ in range(3))
        account = f"41-{one}" if some.random() < 0.5 else f"41{one}"
        point = some.choice((f"SP-{one}", str(POINT + one)))
        place = some.choice(("", f"{other} Mill Lane"))
        yield {
            "customers": f"C-{one % 6},Robin {other},{some.choice(('', f'r{other}@example.com'))},",
            "accounts": f"{account},C-{one if some.random() < 0.8 else other},"
            f"{some.choice(('', '555-0142'))},{place},,,",
            "holders": f"{account},C-{other},2023-0{month}-01,{some.choice(('', '2023-04-01'))},"
            f"{some.choice(('', 'no', 'yes'))}",
            "agreements": f"SA-{other},{account},SP-{one}{month % 2},electricity,20{month}{other}-01-01,"
            f"20{month}{other}-06-01,E-{other},{place},,,",
            "meters": f"M-{other},{point},2020-0{month}-01,{some.choice(('', '2020-03-01'))}",
            "programs": f"{point},{some.choice(('Peak', 'Night'))},{some.choice(('enrolled', 'pending'))}",
            "bills": f"{point},2024-0{month}-01,2024-0{month}-28,{some.choice(('', '2024-08-01'))},{other}.50",
        }[kind]


def content(store: Store) -> str:
    with store.read(Purpose.UPKEEP) as tx:
        return tx.content.digest()


def changed(store: Store) -> list[tuple[Any, ...]]:
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(CHANGED)]


def every(door: Door, seed: int, take: Callable[[Door, str, list[str]], Any]) -> list[Any]:
    """A table of each kind after the other."""
    some = random.Random(seed)
    return [take(door, header, list(rows_of(kind, some))) for kind, header in HEADERS.items()]


def whole(folder: Path, door: Door, header: str, rows: list[str]) -> Counter[str]:
    """A table at once, but for what is wrong in it; what became of its rows."""
    report = taken(door, "\n".join((header, *rows, "")), set_aside=folder / "bad.csv")
    # where all of them are wrong there is nothing beside which they could be set aside
    assert report.refused is None or report.rows_refused == len(rows)
    tally = report.records + report.bills
    return Counter(new=tally.new, changed=tally.changed, same=tally.same, bad=report.rows_refused)


def one_by_one(door: Door, header: str, rows: list[str]) -> Counter[str]:
    """The same, each row in a file of its own."""
    found = Counter[str]()
    # bills come in the order of what they are of
    for row in sorted(rows, key=lambda row: row.split(",")[:3]) if header == HEADERS["bills"] else rows:
        report = taken(door, f"{header}\n{row}\n")
        tally = report.records + report.bills
        known = int(report.known)
        found.update(new=tally.new, changed=tally.changed, same=tally.same + known, bad=int(report.refused is not None))
    return found


def test_a_table_is_taken_as_its_rows_one_by_one_would_be(
    open_store: OpenStore, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # one that overlaps another depends on which of the two comes in; such tables are compared below
    monkeypatch.delitem(HEADERS, "agreements")
    stores = []
    for name in ("whole", "single"):
        (tmp_path / name).mkdir()
        stores.append(open_store(tmp_path / name, engine))
    first, second = (Door(Intake(store, lambda: NOW, PGE)) for store in stores)
    for door in (first, second):
        for text in (CUSTOMERS, ACCOUNTS, AGREEMENTS + HOME):
            assert taken(door, text).refused is None
    found = every(first, 1, partial(whole, tmp_path))
    assert found == every(second, 1, one_by_one)
    assert all(sum(one.values()) for one in found)
    # fields as each row changed them
    assert changed(stores[0]) == changed(stores[1])
    assert content(stores[0]) == content(stores[1])
    for store in stores:
        store.close()


def test_how_many_rows_are_looked_up_at_once_makes_no_difference(
    open_store: OpenStore, tmp_path: Path, engine: str, small: Callable[[int], None]
) -> None:
    found = []
    for rows in (2, 500):
        small(rows)
        folder = tmp_path / str(rows)
        folder.mkdir()
        store = open_store(folder, engine)
        told = every(Door(Intake(store, lambda: NOW, PGE)), 3, partial(whole, folder))
        aside = [path.read_text() for path in sorted(folder.glob("bad*.csv"))]
        found.append((told, aside, changed(store), content(store)))
        store.close()
    assert found[0] == found[1]
    kinds = dict(zip(HEADERS, found[0][0], strict=True))
    assert kinds["agreements"]["new"]
    assert kinds["agreements"]["bad"]


def test_rows_go_on_from_earlier_ones_of_their_table(door: Door, store: Store, small: Callable[[int], None]) -> None:
    small(1)
    table = "customer,name,email,class\nC-1,Robin,,\nC-1,Robin Field,,\nC-1,Robin Field,r@example.com,\nC-1,Robin,,\n"
    assert taken(door, table).records == Tally(new=1, changed=3)
    assert [row[:2] for row in changed(store)] == [("customer", "1")] * 4
    assert taken(door, table + "\n").records == Tally(changed=2, same=2)
    with store.read() as tx:
        assert tx.customers.customer(1).email == "r@example.com"  # type: ignore[union-attr]


def settled(door: Door) -> None:
    for text in (CUSTOMERS, ACCOUNTS, AGREEMENTS + HOME):
        assert taken(door, text).refused is None


def meanwhile(
    store: Store, door: Door, text: str, change: Callable[[Tx], object], monkeypatch: pytest.MonkeyPatch
) -> Report:
    """Take a table in; when it is decided, somebody else changes something, who does not wait for their turn."""
    stands, stood, changes = Drafts.stands, list[bool](), [change]

    def asked(drafts: Drafts, made: PreparedDraft) -> bool:
        stood.append(stands(drafts, made))
        return stood[-1]

    def told(what: str, at: int, total: int) -> None:
        # the last row is not decided yet, those before it are; a second time nobody changes anything
        if what == "storing" and at == total - 1 and changes:
            with store.begin() as tx:
                changes.pop()(tx)

    monkeypatch.setattr(Drafts, "stands", asked)
    report = door.take(io.BytesIO(text.encode()), "table.csv", Wanted(tell=told))
    assert stood == [False, True]
    return report


@pytest.fixture
def singly(small: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row is looked up, told of and decided by itself."""
    small(1)
    monkeypatch.setattr(records, "SOME", 1)


@pytest.mark.usefixtures("singly")
def test_what_somebody_else_changes_meanwhile_stays(door: Door, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(door)

    def change(tx: Tx) -> None:
        known = tx.customers.customer(1)
        assert known is not None
        tx.customers.change_customer(type(known)(id=1, name="Robin Fielding", email="new@example.com"))
        tx.customers.add_customer("Somebody else")
        tx.customers.add_login(Login(customer_id=1, login="robin", password_hash="hash"))

    text = "customer,name,email,class\nC-1,Robin Fielding,,COM\nC-2,Mill Lane Bakery,,COM\nC-9,Robin New,,\n"
    assert meanwhile(store, door, text, change, monkeypatch).records == Tally(new=1, changed=1, same=1)
    with store.read() as tx:
        robin, other, fresh = (tx.customers.customer(number) for number in (1, 3, 4))
        assert robin is not None
        assert (robin.name, robin.email, robin.customer_class) == ("Robin Fielding", "new@example.com", "COM")
        assert (other and other.name, fresh and fresh.name) == ("Somebody else", "Robin New")
        assert tx.customers.login("robin") == Login(customer_id=1, login="robin", password_hash="hash")
    # what the other one had changed already is not said to be changed here
    assert [row for row in changed(store) if row[1] == "1"][-1][2] in (["customer_class"], '["customer_class"]')


@pytest.mark.usefixtures("singly")
def test_who_is_hidden_meanwhile_is_hidden_in_a_new_account_too(
    door: Door, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(door)
    text = "account,customer,phone\n60000-1,C-1,\n41415-9,C-1,555-0199\n50000-1,C-2,\n"
    report = meanwhile(store, door, text, lambda tx: tx.customers.hide(1, NOW), monkeypatch)
    assert report.records == Tally(new=1, changed=1, same=1)
    with store.read() as tx, store.engine.connect().execution_options(wattshare_for=Purpose.INTAKE) as connection:
        found = connection.exec_driver_sql("SELECT customer_id, hidden_since FROM account ORDER BY id")
        assert [tuple(row) for row in found] == [(1, NOW), (2, None), (1, NOW)]
        account = tx.customers.by_account_number("41415-9")
        assert account is not None
        assert account.phone == "555-0199"


@pytest.mark.usefixtures("singly")
def test_an_agreement_and_a_bill_that_change_meanwhile_are_decided_anew(
    door: Door, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(door)
    moved = (
        AGREEMENTS
        + HOME.replace("2023-05-01,,", "2023-05-01,2024-05-01,")
        + HOME.replace("SA-1", "SA-9").replace("2023-05-01,,", "2024-06-01,,")
    )
    report = meanwhile(store, door, moved, lambda tx: tx.customers.end_agreement(1, NOW - 1), monkeypatch)
    assert report.records == Tally(new=1, changed=1)
    bill = f"usage_point,first_day,last_day,total\n{POINT},2024-03-01,2024-03-31,84.20\n"
    assert taken(door, bill).bills == Tally(new=1)

    def billed(tx: Tx) -> None:
        start, end = (first_of(date(2024, month, 1), PGE.zone) for month in (3, 4))
        period = DateTimeInterval(start=start, duration=end - start)
        summary = UsageSummary(billing_period=period, bill_last_period=1, status_time_stamp=end)
        tx.bills.put(POINT, summary, end, revision=tx.revisions.last(), at=NOW, profile=PGE)

    later = "".join(f"{POINT},2024-0{month}-01,2024-0{month}-28,7.00\n" for month in (5, 6))
    corrected = bill.replace("84.20", "90.00") + later
    assert meanwhile(store, door, corrected, billed, monkeypatch).bills == Tally(new=2, changed=1)
    with store.read() as tx:
        first, second = tx.bills.corrections(POINT)
    # of what the other one had put there, not of what was seen before
    assert second.old == first.new
