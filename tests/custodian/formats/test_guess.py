"""What is guessed of a table's columns, and what is asked instead."""

import io
from datetime import UTC
from typing import Any

import pytest

from wattshare.custodian.formats.tables.asking import questions
from wattshare.custodian.formats.tables.faults import Fault, Unmapped
from wattshare.custodian.formats.tables.guess import Sample, guess, names_readings, open_words
from wattshare.custodian.formats.tables.mapping import BadMapping, Mapping, Text, from_plain, to_plain, to_toml
from wattshare.custodian.formats.tables.moments import Moments
from wattshare.custodian.formats.tables.text import CsvTable
from wattshare.custodian.formats.tables.wide import cells_of


def sample(header: str, *rows: str, sign: str = ",") -> Sample:
    return Sample(tuple(header.split(sign)), tuple(tuple(row.split(sign)) for row in rows))


def guessed(header: str, *rows: str, sign: str = ",") -> tuple[dict[str, Any], list[str]]:
    """The mapping and the keys that are asked."""
    given = sample(header, *rows, sign=sign)
    meaning = guess(given, Mapping())
    cells = cells_of(given.header) if meaning.form == "wide" else None
    asked = [one.key for one in questions(meaning, "UTC", counted=bool(cells and cells.counted))]
    return to_plain(meaning), asked + [one.key for one in open_words(given, meaning)]


def test_a_usual_table_leaves_only_what_no_header_says() -> None:
    plain, asked = guessed(
        "SP_ID,Start Time,Usage (kWh)", "1,2024-03-08 00:00,1.5", "1,2024-03-08 00:15,1.5", "2,2024-03-08 00:00,1.5"
    )
    assert plain == {
        "form": "long",
        "columns": {"usage_point": "SP_ID", "start": "Start Time", "value": "Usage (kWh)"},
        "values": {"unit": "Usage (kWh)"[7:10]},
        "time": {"format": "iso"},
        "interval": {"length": 900},
    }
    assert asked == ["time.zone", "flow.all"]


def test_an_offset_says_the_zone_and_words_say_the_flow() -> None:
    plain, asked = guessed(
        "Meter Number,Interval End,Value,UOM,Direction,Quality",
        "M1,2024-03-08T00:15:00-08:00,1,kWh,Delivered,Validated",
        "M1,2024-03-08T00:30:00-08:00,1,kWh,Received,E",
        "M1,2024-03-08T00:30:00-08:00,1,kWh,Delivered,Validated",
    )
    assert plain["time"] == {"format": "iso", "zone": "offset"}
    assert plain["flow"] == {"delivered": ("Delivered",), "received": ("Received",)}
    assert plain["quality"] == {"Validated": 17}
    assert asked == ["quality.E"]


def test_a_date_that_may_be_read_two_ways_is_asked() -> None:
    assert "time.format" in guessed("sp,start,kwh", "1,03/04/2024 00:00,1", "1,03/04/2024 01:00,1")[1]
    plain, asked = guessed("sp,start,kwh", "1,03/14/2024 00:00,1", "1,03/14/2024 01:00,1")
    assert plain["time"]["format"] == "%m/%d/%Y %H:%M"
    assert "time.format" not in asked


def test_one_bad_time_hides_no_format_and_makes_no_day_of_hours() -> None:
    days = [f"1,2024-03-{day:02},1" for day in range(1, 20)]
    plain, asked = guessed("sp,start,kwh", *days, "1,2024-02-31,1")
    assert (plain["time"], plain["interval"]) == ({"format": "iso"}, {"length": "day"})
    assert asked == ["time.zone", "flow.all"]
    # one in five is none
    assert "time.format" in guessed("sp,start,kwh", *days[:4], "1,2024-02-31,1")[1]
    # of the days that are right, some are right two ways
    both = [f"1,03/{day:02}/2024,1" for day in range(1, 20)]
    assert "time.format" in guessed("sp,start,kwh", *both, "1,n/a,1")[1]


def test_a_comma_behind_a_nought_is_decimal() -> None:
    assert guessed("sp;start;kwh", "1;2024-03-08;0,125", "1;2024-03-09;1,125", sign=";")[0]["values"]["decimal"] == ","
    assert "decimal" not in guessed("sp;start;kwh", "1;2024-03-08;1,125", sign=";")[0]["values"]


def test_a_time_that_neither_starts_nor_ends_is_asked() -> None:
    plain, asked = guessed("sp;Date/Time;kWh", "1;2024-03-08 00:15;1,5", "1;2024-03-08 00:30;1,5", sign=";")
    assert "time.stamp" in asked
    assert plain["values"] == {"unit": "kWh", "decimal": ","}


def test_a_spreadsheets_days_are_times() -> None:
    rows = [f"SP,{45359 + quarter / 96:.9f},1" for quarter in range(8)]
    plain, _ = guessed("Meter Point,Timestamp,kWh", *rows)
    assert plain["time"]["format"] == "excel"
    assert plain["columns"]["usage_point"] == "Meter Point"
    assert plain["interval"] == {"length": 900}
    moments = Moments("", "excel", UTC)
    assert moments["45359.010416667"] == 1_709_856_900
    # four digits are nine seconds
    assert isinstance(moments["45359.0104"], Fault)


def test_an_empty_time_is_called_so() -> None:
    for pattern in ("iso", "%m/%d/%Y %H:%M", "excel", "epoch"):
        fault = Moments("start", pattern, UTC)[" "]
        assert isinstance(fault, Fault)
        assert "totals" in fault.sentence


@pytest.mark.parametrize("header", ["usage_point,start,kWh", "meter,end,usage", "account,date,reading,status"])
def test_names_of_readings_are_no_slips_of_another_table(header: str) -> None:
    assert names_readings(header.split(","))
    assert not names_readings(["customer", "nmae", "email"])


def test_days_are_days() -> None:
    plain, asked = guessed("account,date,therms", "1,2024-03-08,1", "1,2024-03-09,1")
    assert plain["interval"] == {"length": "day"}
    assert "time.stamp" not in asked


def test_a_row_a_day_is_seen_by_its_columns() -> None:
    quarters = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(0, 1440, 15)]
    plain, asked = guessed(",".join(("Meter", "Date", *quarters)), ",".join(("M", "2024-03-08", *["1"] * 96)))
    assert (plain["form"], plain["interval"], plain["time"]["stamp"]) == ("wide", {"length": 900}, "start")
    ends = [*quarters[1:], "24:00"]
    plain, asked = guessed(",".join(("Meter", "Date", *ends)), ",".join(("M", "2024-03-08", *["1"] * 96)))
    assert plain["time"]["stamp"] == "end"
    counted = [f"HE{hour}" for hour in range(1, 25)]
    plain, asked = guessed(",".join(("Meter", "Date", *counted)), ",".join(("M", "2024-03-08", *["1"] * 24)))
    assert plain["interval"] == {"length": 3600}
    assert "wide.columns" in asked


def test_a_column_that_is_named_says_its_unit_in_any_language() -> None:
    given = from_plain({"columns": {"value": "Verbrauch (kWh)"}})
    meaning = guess(sample("Zähler,Beginn,Verbrauch (kWh)", "1,01.03.2024 00:00,1"), given)
    assert meaning.values.unit == "kWh"
    assert guess(sample("Zähler,Wert", "1,1"), from_plain({"columns": {"value": "Wert"}})).values.unit is None


def test_who_is_asked_for_a_column_is_told_which_there_are() -> None:
    header = ("Zähler", "Beginn", "Verbrauch")
    meaning = from_plain({"columns": {"start": "Beginn"}})
    asked = {one.key: one.choices for one in questions(meaning, "UTC", header=header)}
    assert asked["columns.usage_point"] == asked["columns.value"] == ("Zähler", "Verbrauch")


def test_what_is_given_is_not_guessed_again() -> None:
    given = from_plain({"columns": {"usage_point": "b"}, "time": {"zone": "UTC"}})
    meaning = guess(sample("sp,b,start,kwh", "1,2,2024-03-08 00:00,1"), given)
    assert meaning.columns["usage_point"] == "b"
    assert meaning.time.zone == "UTC"


@pytest.mark.parametrize(
    ("plain", "sentence"),
    [
        ({"colums": {}}, "colums: there is no such key"),
        ({"values": {"unti": "kWh"}}, "values.unti: there is no such key"),
        ({"columns": {"valeu": "x"}}, "columns.valeu: there is no such key"),
        ({"values": {"unit": "kW"}}, "values.unit: 'kW' is a rate"),
        ({"values": {"unit": "bushel"}}, "values.unit: 'bushel' is no unit"),
        ({"time": {"zone": "Mars/Olympus"}}, "time.zone: 'Mars/Olympus' is no time zone"),
        ({"time": {"zone": "-25:00"}}, "time.zone: '-25:00' is no time zone"),
        ({"time": {"zone": "+01:75"}}, "time.zone: '+01:75' is no time zone"),
        ({"file": {"header": -1}}, "file.header: must be the number of a row"),
        ({"time": {"zone": "../../etc/passwd"}}, "time.zone: '../../etc/passwd' is no time zone"),
        ({"time": {"ambiguous": "guess"}}, "time.ambiguous: must be one of"),
        ({"interval": {"length": "month"}}, "interval.length: must be seconds, 'day', or 'row'"),
        ({"interval": {"length": 0}}, "interval.length: must be seconds between"),
        ({"interval": {"length": True}}, "interval.length: must be int"),
        ({"time": {"format": "%d/%q/%Y"}}, "time.format: '%d/%q/%Y' has a part '%q', which says nothing of a time"),
        (
            {"time": {"format": "ISO 8601"}},
            "time.format: 'ISO 8601' is none; it may be iso, epoch, epoch-ms, excel, or",
        ),
        ({"time": {"format": "%d/%m/%Y %"}}, "time.format: '%d/%m/%Y %' is none"),
        ({"time": {"format": "%d/%d/%Y"}}, "time.format: '%d/%d/%Y' has a part twice"),
        ({"time": {"format": "%H:%M"}}, "time.format: '%H:%M' does not say year, month and day"),
        ({"quality": {"A": "good"}}, "quality.A: must be a number"),
        ({"file": {"delimiter": "ab"}}, "file.delimiter: must be one character"),
        ({"values": {"decimal": ",", "thousands": ","}}, "values.thousands: is the same"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_which_key(plain: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadMapping) as refused:
        from_plain(plain)
    assert str(refused.value).startswith(sentence)


def test_a_mapping_that_was_written_is_read_again() -> None:
    import tomllib

    meaning = from_plain(
        {
            "form": "wide",
            "columns": {"meter": 'a "quoted" name\\', "date": "día"},
            "values": {"unit": "kWh", "decimal": ","},
            "flow": {"delivered": ["D", "1"]},
            "quality": {"A": 17, "weird word": 8},
        }
    )
    assert from_plain(tomllib.loads(to_toml(meaning, {"time.zone": "Which?"}))) == meaning


def test_names_may_stand_below_a_title() -> None:
    file = io.BytesIO(b"Riverton Power\nof 9 March, with all meters\n\nmeter;start;kWh\nM-1;2024-03-08 00:00;1\n")
    with pytest.raises(Unmapped, match=r"file\.header is the row that has the names"):
        CsvTable.open(file, Text())
    assert CsvTable.open(file, Text(header=4)).header == ("meter", "start", "kWh")


@pytest.mark.parametrize(
    ("columns", "likely"),
    [
        ({"value": "Usage (kWh)"}, "delivered"),
        ({"value": "kWh Received"}, ""),
        ({"value": "solar_export_kwh"}, ""),
        ({"value": "Net"}, ""),
        ({}, ""),
    ],
)
def test_no_flow_is_likely_but_one_that_the_column_does_not_deny(columns: dict[str, str], likely: str) -> None:
    asked = {one.key: one.likely for one in questions(from_plain({"columns": columns}), "UTC")}
    assert asked["flow.all"] == likely


@pytest.mark.parametrize(("name", "likely"), [("Start UTC", "UTC"), ("start_gmt", "UTC"), ("Start", "local")])
def test_the_clock_that_a_column_names_is_the_likely_one(name: str, likely: str) -> None:
    asked = {one.key: one.likely for one in questions(from_plain({"columns": {"start": name}}), "UTC")}
    assert asked["time.zone"] == likely
