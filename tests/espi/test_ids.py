"""Identifiers on the wire."""

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshare.espi import ids
from wattshare.espi.profile import PGE, STANDARD

PART = st.none() | st.integers(0, 2**32 - 1)
PARTS = st.tuples(PART, PART, PART, PART)
VARIANTS = st.integers(1, 20)


def _in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


READING_TYPES = [
    ((72, None, 3600, 1), "NzI6bnVsbDozNjAwOjE="),
    ((72, None, 900, 1), "NzI6bnVsbDo5MDA6MQ=="),
    ((72, None, 900, 19), "NzI6bnVsbDo5MDA6MTk="),
    ((169, None, 86400, 1), "MTY5Om51bGw6ODY0MDA6MQ=="),
    ((72, None, None, 4), "NzI6bnVsbDpudWxsOjQ="),
]
METER_READINGS = [
    ("NzI6bnVsbDozNjAwOjE=", 1, "TnpJNmJuVnNiRG96TmpBd09qRT06MQ=="),
    ("NzI6bnVsbDo5MDA6MQ==", 1, "TnpJNmJuVnNiRG81TURBNk1RPT06MQ=="),
    ("NzI6bnVsbDo5MDA6MTk=", 2, "TnpJNmJuVnNiRG81TURBNk1Uaz06Mg=="),
    ("MTY5Om51bGw6ODY0MDA6MQ==", 1, "TVRZNU9tNTFiR3c2T0RZME1EQTZNUT09OjE="),
]


@pytest.mark.parametrize(("parts", "text"), READING_TYPES)
def test_reading_type_ids_are_those_in_use(
    parts: tuple[int | None, int | None, int | None, int | None], text: str
) -> None:
    assert ids.reading_type_id(*parts) == text
    assert ids.read_reading_type_id(text) == parts


@pytest.mark.parametrize(("reading_type", "number", "text"), METER_READINGS)
def test_meter_reading_ids_are_those_in_use(reading_type: str, number: int, text: str) -> None:
    assert ids.meter_reading_id(reading_type, number) == text
    assert ids.read_meter_reading_id(text) == (reading_type, number)


@given(PARTS, VARIANTS, st.integers(0, 2**32 - 1))
def test_ids_say_what_they_were_made_of(
    parts: tuple[int | None, int | None, int | None, int | None], variant: int, number: int
) -> None:
    reading_type = ids.reading_type_id(*parts, variant)
    assert ids.read_reading_type_id(reading_type) == parts
    assert ids.read_meter_reading_id(ids.meter_reading_id(reading_type, number)) == (reading_type, number)


@given(PARTS, VARIANTS, st.integers(0, 2**32 - 1))
def test_ids_need_no_escape_in_a_path_but_for_equals_signs(
    parts: tuple[int | None, int | None, int | None, int | None], variant: int, number: int
) -> None:
    reading_type = ids.reading_type_id(*parts, variant)
    for text in (reading_type, ids.meter_reading_id(reading_type, number)):
        assert text.rstrip("=").isalnum()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "a",
        "NzI6bnVsbDozNjAwOjE",
        "NzI6bnVsbDozNjAwOjF=",
        "NzI6bnVsbDozNjAw",
        "MDcyOjA6MDox",
        "7",
        "é",
        "\n",
    ],
    ids=ascii,
)
def test_a_reading_type_id_that_we_would_not_write_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        ids.read_reading_type_id(text)


def test_variants_of_a_reading_type_differ_in_name_and_in_nothing_that_clients_read() -> None:
    names = {ids.reading_type_id(169, None, 86400, 1, variant) for variant in range(1, 10)}
    assert len(names) == 9
    assert {ids.read_reading_type_id(name) for name in names} == {(169, None, 86400, 1)}


ANY_ID = st.text() | st.text("0123456789:nul", max_size=20).map(_in_base64)


@given(ANY_ID)
def test_any_text_is_a_reading_type_id_or_refused(text: str) -> None:
    try:
        parts = ids.read_reading_type_id(text)
    except ValueError:
        return
    assert any(ids.reading_type_id(*parts, variant) == text for variant in range(1, 1000))


@given(ANY_ID | ANY_ID.map(_in_base64))
def test_any_text_is_a_meter_reading_id_or_refused(text: str) -> None:
    try:
        parts = ids.read_meter_reading_id(text)
    except ValueError:
        return
    assert ids.meter_reading_id(*parts) == text


def test_a_summary_is_named_by_its_bill_date_in_milliseconds() -> None:
    assert ids.summary_id(1436684400) == "1436684400000"
    assert ids.read_summary_id("1436684400000") == 1436684400


def test_commas_in_a_summary_id_are_dropped() -> None:
    assert ids.read_summary_id("1,436,684,400,000") == 1436684400


@pytest.mark.parametrize("text", ["", "0", "1436684400001", "-1000", "1e6", "9" * 30 + "000", "١٠٠٠", "01436684400000"])
def test_a_summary_id_that_is_no_whole_second_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whole second"):
        ids.read_summary_id(text)


@given(st.integers(1, 4133980799))
def test_summary_ids_go_both_ways(bill_date: int) -> None:
    assert ids.read_summary_id(ids.summary_id(bill_date)) == bill_date


def test_an_atom_id_is_of_the_address_without_its_query() -> None:
    href = "https://localhost/espi/1_1/resource/ReadingType"
    assert ids.atom_id(href, PGE) == ids.atom_id(href + "?published-min=1", PGE)
    assert ids.atom_id(href, PGE) != ids.atom_id(href + "/1", PGE)


def test_an_atom_id_is_bare_or_a_urn_as_the_profile_has_it() -> None:
    href = "https://localhost/x"
    assert uuid.UUID(ids.atom_id(href, PGE)).version == 5
    assert ids.atom_id(href, STANDARD) == "urn:uuid:" + ids.atom_id(href, PGE)
