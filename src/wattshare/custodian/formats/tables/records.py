"""Tables of customers and what is theirs, and of bills: their columns, and rows as values."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from wattshare.custodian.formats.tables.amounts import Amounts, shown
from wattshare.custodian.formats.tables.columns import Faults, unnamed
from wattshare.custodian.formats.tables.faults import BadRow, Fault
from wattshare.custodian.formats.tables.moments import first_of
from wattshare.custodian.formats.tables.text import CsvTable, Unreadable, ragged
from wattshare.custodian.formats.tables.units import unit_of, worded
from wattshare.custodian.model.premises import Commodity, Enrollment
from wattshare.espi.enums import ItemKind, ProgramDateKind

# RFC 5321 §4.5.3.1; and what nobody writes but by mistake is none: quoted names, hosts without a dot
LONGEST_EMAIL = 254
EMAIL = re.compile(
    r"[^\s@.,;:<>()\[\]\"\\][^\s@,;:<>()\[\]\"\\]*(?<!\.)@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_](?:[\w-]*[^\W_])"
)
# ITEM_KINDS by their words
ITEM_KINDS = {kind.name.lower().replace("_", " "): kind.value for kind in ItemKind}
CLASSES = {name.casefold(): name for name in ("RES", "COM", "AGR", "IND", "Other")}
STATUSES = {"unenrolled": Enrollment.UNENROLLED, "enrolled": Enrollment.ENROLLED, "pending": Enrollment.PENDING}

# what reads a cell that is not empty: a value, or the sentence on what would be right
Read = Callable[[str, ZoneInfo], Any]


class Wrong(str):
    """Why a cell is wrong, and what would be right."""

    __slots__ = ()


@dataclass(frozen=True)
class Cell:
    """A column of a table of records."""

    name: str
    sentence: str
    read: Read
    example: str
    other: str = ""
    required: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of table."""

    name: str
    sentence: str
    cells: tuple[Cell, ...]

    @property
    def required(self) -> frozenset[str]:
        """The columns that must be there."""
        return frozenset(cell.name for cell in self.cells if cell.required)


@dataclass(frozen=True)
class Record:
    """A row: values by column, without those that are empty."""

    row: int
    values: Mapping[str, Any]

    def get(self, name: str) -> Any:
        """A value; None where the cell is empty or not there."""
        return self.values.get(name)


def text(cell: str, _: ZoneInfo) -> str | Wrong:
    """A text."""
    wrong = unnamed(cell) or ("" if cell.isprintable() else "holds signs that are none, or an end of a line")
    return Wrong(wrong) if wrong else cell


def email(cell: str, zone: ZoneInfo) -> str | Wrong:
    """An e-mail address, as far as it can be seen by looking: somebody at a host with a dot, and nothing else."""
    checked = text(cell, zone)
    if isinstance(checked, Wrong) or (EMAIL.fullmatch(cell) and len(cell) <= LONGEST_EMAIL and ".." not in cell):
        return checked
    return Wrong("is no e-mail address; write one alone, as robin@example.com, or leave the cell empty")


def day(cell: str, zone: ZoneInfo) -> int | Wrong:
    """A local day as its first second."""
    try:
        found = date.fromisoformat(cell)
    except ValueError:
        return Wrong("is no day; write it as 2024-03-31")
    return first_of(found, zone) if 1970 < found.year < 2100 else Wrong("is no day between 1971 and 2099")


def local_day(cell: str, zone: ZoneInfo) -> date | Wrong:
    """A local day."""
    checked = day(cell, zone)
    return checked if isinstance(checked, Wrong) else date.fromisoformat(cell)


def whole(cell: str, _: ZoneInfo) -> int | Wrong:
    """A whole number."""
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell) < 10 else Wrong("is no whole number")


def power(cell: str, zone: ZoneInfo) -> int | Wrong:
    """A power of ten."""
    found = whole(cell.removeprefix("-"), zone)
    return found if isinstance(found, Wrong) or not cell.startswith("-") else -found


def money(cell: str, _: ZoneInfo) -> int | Wrong:
    """An amount in 1/100 000 of the currency."""
    found = Amounts("", 5)[cell]
    return found if isinstance(found, int) else Wrong("is no amount; write it as 123.45, with at most five decimals")


def decimal(cell: str, _: ZoneInfo) -> str | Wrong:
    """A number that is scaled later, by its unit."""
    return (
        cell
        if isinstance(Amounts("", 15)[cell], int) or isinstance(Amounts("", 9)[cell], int)
        else Wrong("is no number; write it as 123.45")
    )


def unit(cell: str, _: ZoneInfo) -> str | Wrong:
    """A unit of energy or volume."""
    return cell if unit_of(cell) else Wrong(worded(cell).removesuffix("."))


def one_of(words: Mapping[str, Any]) -> Read:
    """A word of a list."""

    def read(cell: str, _: ZoneInfo) -> Any:
        return words.get(cell.casefold(), Wrong(f"is none of {', '.join(words)}"))

    return read


commodity = one_of({kind.value: kind for kind in Commodity})
_POINT = Cell("usage_point", "The usage point: ten digits, or any other name.", text, "5390000001", "SP-17", True)
_ACCOUNT = Cell("account", "The account's number, as it stands on the bill.", text, "41415-9", "41415-9", True)
_ADDRESS = (
    Cell("address", "Street and house.", text, "12 Mill Lane", "12 Mill Lane"),
    Cell("city", "Town.", text, "Riverton", "Riverton"),
    Cell("state", "State or province.", text, "CA", "CA"),
    Cell("postal_code", "Postal code.", text, "95001", "95001"),
)
KINDS: tuple[Kind, ...] = (
    Kind(
        "customers",
        "People and businesses that hold accounts. The key is `customer`.",
        (
            Cell("customer", "The utility's own number of the customer.", text, "C-1", "C-2", True),
            Cell("name", "Name.", text, "Robin Field", "Mill Lane Bakery", True),
            Cell("email", "E-mail address.", email, "robin@example.com", ""),
            Cell(
                "class", f"One of {', '.join(CLASSES.values())}; RES where it is empty.", one_of(CLASSES), "RES", "COM"
            ),
        ),
    ),
    Kind(
        "accounts",
        "What bills go to. The key is `account`.",
        (
            _ACCOUNT,
            Cell("customer", "The customer's number, of the table of customers.", text, "C-1", "C-1", True),
            Cell("phone", "Telephone number; a guest proves with it whose account it is.", text, "555-0142", ""),
            *_ADDRESS,
            Cell("bill_cycle", "Billing cycle.", text, "07", "07"),
        ),
    ),
    Kind(
        "holders",
        "Who holds an account together with whom the table of accounts names, a row for each. A row for the named one"
        " says from when to when they hold it; without one they always do. The key is `account` and `customer`.",
        (
            _ACCOUNT,
            Cell("customer", "The customer's number, of the table of customers.", text, "C-2", "C-1", True),
            Cell(
                "starts",
                "The day from which on the account is held by this customer too.",
                day,
                "2023-05-01",
                "2020-02-01",
                True,
            ),
            Cell(
                "ends",
                "The first day on which it is not any more; empty while it goes on.",
                day,
                "",
                "2024-06-30",
            ),
            Cell(
                "may_share",
                "yes or no; yes where it is empty. With no, the customer does not hold the account: they see its use"
                " since `starts`, share nothing of it, and are told whom to ask.",
                one_of({"yes": True, "no": False}),
                "yes",
                "",
            ),
        ),
    ),
    Kind(
        "agreements",
        "Who has a service, from which day on and until when. The key is `usage_point`, `account` and `agreement`.",
        (
            Cell("agreement", "The number of the service agreement.", text, "SA-1", "SA-2", True),
            _ACCOUNT,
            _POINT,
            Cell(
                "commodity",
                "Electricity, gas, water, …; needed where the usage point is new.",
                commodity,
                "electricity",
                "gas",
            ),
            Cell("starts", "The day of moving in.", day, "2023-05-01", "2023-05-01", True),
            Cell(
                "ends",
                "The day of moving out, the first that is not this customer's; empty while it runs.",
                day,
                "",
                "2024-06-30",
            ),
            Cell("tariff", "The tariff's name.", text, "E-1", "G-1"),
            *_ADDRESS,
        ),
    ),
    Kind(
        "meters",
        "Devices at usage points. The key is `usage_point` and `meter`.",
        (
            Cell("meter", "The serial or badge number.", text, "M-1001", "M-2001", True),
            _POINT,
            Cell(
                "installed",
                "The day from which on it stands there; always where it is empty.",
                day,
                "2020-02-01",
                "",
                True,
            ),
            Cell("removed", "The day on which it was taken away.", day, "", ""),
            Cell("type", "What it is.", text, "Electric smart meter", "Gas meter"),
            Cell("utc_number", "The number that the utility knows it by besides.", text, "", ""),
            Cell("interval_length", "Seconds of its readings.", whole, "900", "86400"),
        ),
    ),
    Kind(
        "programs",
        "Places in demand response programmes. The key is `usage_point` and `program`.",
        (
            _POINT,
            Cell("program", "The programme's name.", text, "Peak Days", "Peak Days", True),
            Cell("status", f"One of {', '.join(STATUSES)}.", one_of(STATUSES), "enrolled", "pending", True),
            Cell("description_uri", "Where the programme is described.", text, "https://utility.example/peak-days", ""),
            *(
                Cell(kind.name.lower(), f"The date {kind.value}.", day, "2024-05-01" if not at else "", "")
                for at, kind in enumerate(ProgramDateKind)
            ),
            Cell("capacity_reservation", "In watts times ten to the power named.", whole, "", ""),
            Cell("nomination", "In watts times ten to the power named.", whole, "", ""),
            Cell("power_of_ten", "That power; 3 where it is empty.", power, "", ""),
        ),
    ),
    Kind(
        "bills",
        "Bills, a row for each line of one; what is of the whole bill stands in each of its rows. The key is"
        " `usage_point`, `first_day` and `last_day`.",
        (
            replace(_POINT, other=_POINT.example),
            Cell("first_day", "The first day that is billed.", local_day, "2024-03-01", "2024-03-01", True),
            Cell("last_day", "The last day that is billed.", local_day, "2024-03-31", "2024-03-31", True),
            Cell(
                "bill_date",
                "The day of the bill; the day after the last where it is empty.",
                day,
                "2024-04-02",
                "2024-04-02",
            ),
            Cell("total", "What is to be paid.", money, "84.20", "84.20", True),
            Cell("quantity", "What was used in all.", decimal, "312.5", "312.5"),
            Cell("unit", "The unit of the quantities: kWh, therm, CCF, …", unit, "kWh", "kWh"),
            Cell("tariff", "The tariff's name.", text, "E-1", "E-1"),
            Cell("item", "What a line says.", text, "Energy charge", "Utility users' tax"),
            Cell("item_amount", "Its amount.", money, "78.15", "6.05"),
            Cell("item_kind", f"One of {', '.join(ITEM_KINDS)}.", one_of(ITEM_KINDS), "usage fee", "tax"),
            Cell("item_quantity", "The quantity that it is for.", decimal, "312.5", ""),
            Cell("item_unit_cost", "The price of one unit.", money, "0.25008", ""),
        ),
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def bare(name: str) -> str:
    """The name of a column as it is compared: `Bill Date` is `bill_date`."""
    return "_".join(name.strip().casefold().replace("_", " ").replace("-", " ").split())


def kind_of(header: Sequence[str]) -> Kind | None:
    """The kind whose required columns are all there; of several the one with the most. None: it is of readings."""
    names = {bare(name) for name in header}
    fits = [kind for kind in KINDS if kind.required <= names]
    return max(fits, key=lambda kind: len(kind.required), default=None)


def nearly(header: Sequence[str]) -> Kind | None:
    """The kind that a header is of but for a column that is misspelt or left out; None: it may be of readings."""

    def of_kind(kind: Kind) -> int:
        return len(header) - len(unknown(kind, header)) + len(_slips(kind, header))

    best = max(KINDS, key=lambda kind: (of_kind(kind), -len(missing(kind, header))))
    left_out = len(missing(best, header)) - len(_slips(best, header))
    return best if of_kind(best) * 2 > len(header) and of_kind(best) > 1 and left_out < 2 else None


def _slips(kind: Kind, header: Sequence[str]) -> dict[str, str]:
    """Columns that must be there, by the names in the header that were meant for them."""
    other = {bare(name): name for name in unknown(kind, header)}
    found = {name: get_close_matches(name, other, 1, 0.7) for name in missing(kind, header)}
    return {name: other[close[0]] for name, close in found.items() if close}


def misspelt(kind: Kind, header: Sequence[str]) -> str:
    """What to tell of a header that is nearly of a kind."""
    slips = _slips(kind, header)
    wrong = [
        f"column {name!r} is not there" + (f", {slips[name]!r} is" if name in slips else "")
        for name in missing(kind, header)
    ]
    return f"It looks like a table of {kind.name}, but its {'; its '.join(wrong)}. See --template {kind.name}."


def missing(kind: Kind, header: Sequence[str]) -> tuple[str, ...]:
    """The columns of a kind that must be there and are not."""
    return tuple(sorted(kind.required - {bare(name) for name in header}))


def unknown(kind: Kind, header: Sequence[str]) -> tuple[str, ...]:
    """The columns of a header that a kind does not have; they are not read."""
    known = {cell.name for cell in kind.cells}
    return tuple(name for name in header if name and bare(name) not in known)


def records(table: CsvTable, kind: Kind, zone: ZoneInfo, faults: Faults) -> Iterator[Record]:
    """The rows of a table as values; what is wrong with one is noted, and it is left out."""
    names = [bare(name) for name in table.header]
    cells = [(cell, names.index(cell.name)) for cell in kind.cells if cell.name in names]
    if twice := next((cell.name for cell, _ in cells if names.count(cell.name) > 1), None):
        raise Unreadable(f"The column {twice!r} stands there more than once; one of them must have another name.")
    for batch in table.batches():
        for number, row in enumerate(batch.rows, batch.first):
            if not any(row):
                continue
            even = ragged(number, row, len(table.header))
            found = Fault("", even.sentence) if isinstance(even, BadRow) else _record(number, even, cells, zone)
            if isinstance(found, Fault):
                faults.note(number, found)
            else:
                yield found


def _record(number: int, row: Sequence[str], cells: Sequence[tuple[Cell, int]], zone: ZoneInfo) -> Record | Fault:
    values: dict[str, Any] = {}
    for cell, at in cells:
        raw = row[at].strip()
        if not raw:
            if cell.required and cell.name != "installed":
                return Fault(cell.name, f"It is empty. {cell.sentence}")
            continue
        value = cell.read(raw, zone)
        if isinstance(value, Wrong):
            return Fault(cell.name, f"{shown(raw)} {value}.")
        values[cell.name] = value
    return Record(number, values)


def template(kind: Kind) -> str:
    """A header and two rows that show how it is meant."""
    rows = (
        [cell.name for cell in kind.cells],
        [cell.example for cell in kind.cells],
        [cell.other for cell in kind.cells],
    )
    return "".join(",".join(row) + "\n" for row in rows)
