"""What spreadsheets and other programs make of tables on their way."""

import io

import pytest

from wattshare.custodian.formats.tables.asking import places_of, questions
from wattshare.custodian.formats.tables.columns import unnamed
from wattshare.custodian.formats.tables.mapping import BadMapping, Mapping, Text
from wattshare.custodian.formats.tables.text import CsvTable, Unreadable


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("9.41015E+12", "is a longer number that a spreadsheet has cut; have its cells be text there"),
        ("9,41015E+12", "is a longer number that a spreadsheet has cut; have its cells be text there"),
        (
            "5390000001.0",
            "has a fraction, which no number of a usage point, a meter or an account has; have its cells be text there",
        ),
        ("SP\ufffd1", "holds letters that were lost where its bytes are no UTF-8"),
        ("1.0", ""),
        ("1.8.0", ""),
        ("SP\u200b17", "holds signs that nobody sees, or that are none"),
        ("SP\x1b[2J", "holds signs that nobody sees, or that are none"),
        ("S" * 257, "is longer than 256 characters"),
        ("S" * 256, ""),
        ("1E12", ""),
        ("Ü 17/b\nbehind", ""),
    ],
)
def test_a_name_that_is_none_is_told(name: str, why: str) -> None:
    assert unnamed(name) == why


@pytest.mark.parametrize("said", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;"])
def test_a_line_that_says_the_delimiter_is_no_header(said: str) -> None:
    table = CsvTable.open(io.BytesIO(f"{said}\r\na;b\r\n1,5;2\r\n".encode()), Text())
    assert (table.header, table.sample(), table.text.delimiter) == (("a", "b"), (("1,5", "2"),), ";")


@pytest.mark.parametrize("given", [Text(header=1), Text(delimiter="=")])
def test_what_the_mapping_says_counts_before_that_line(given: Text) -> None:
    assert CsvTable.open(io.BytesIO(b"sep=;\na;b\n"), given).header[0].startswith("sep")


def test_an_open_quote_is_named_with_what_would_help() -> None:
    table = CsvTable.open(io.BytesIO(b'a,b\n1,2\n1,"2\n'), Text())
    with pytest.raises(Unreadable, match=r'Row 3 is no CSV: .*\. Where " quotes no cells, say another sign'):
        list(table.batches())


def test_a_column_that_stands_there_twice_is_offered_once() -> None:
    header = ("point", "kWh", "kWh")
    assert next(iter(questions(Mapping(columns={"usage_point": "point"}), "UTC", header=header))).choices == ("kWh",)
    with pytest.raises(BadMapping, match="more than once, and one of them must have another name"):
        places_of(header, Mapping(columns={"value": "kWh"}))
