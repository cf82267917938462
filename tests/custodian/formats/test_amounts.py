"""Texts of numbers as whole numbers."""

import pytest

from wattshare.custodian.formats.tables.amounts import Amounts
from wattshare.custodian.formats.tables.faults import Fault

LARGE = "is too large."


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.00100000000000000000", 1),
        ("1." + "0" * 76, 1000),
        ("000000000000000000000001.5", 1500),
        ("15" + "0" * 30 + "e-31", 1500),
        ("-0", 0),
        (".5", 500),
        ("2147483648", 2_147_483_648_000),
    ],
)
def test_digits_that_say_nothing_do_no_harm(text: str, number: int) -> None:
    assert Amounts("kWh", 3)[text] == number


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("9223372036854775808", LARGE),
        ("18446744073709551615", LARGE),
        ("1" + "0" * 75, LARGE),
        ("1e99", LARGE),
        (
            "0.00100000000000000001",
            "has more digits than are kept; lower values.power_of_ten by 17 or more, or say values.digits = “round”.",
        ),
        ("1" * 77, "is no number."),
        ("NaN", "is no number; where it says that nothing was read, values.empty = “gap” leaves it out."),
        ("#N/A", "is no number; where it says that nothing was read, values.empty = “gap” leaves it out."),
        ("-", "is no number; where it says that nothing was read, values.empty = “gap” leaves it out."),
        ("inf", "is no number."),
        ("1'000.5", "is no number; the mark between its thousands is said by values.thousands."),
        ("12 345", "is no number; the mark between its thousands is said by values.thousands."),
        ("(12.5)", "is no number; what is below zero begins with -."),
        ("12.5-", "is no number; what is below zero begins with -."),
        ("\u221212.5", "is no number; what is below zero begins with -."),
        ("140737488356", "is too large; raise values.power_of_ten by 1 or more, if it is right."),
        ("\uff11\uff12", "is no number."),
        ("1_000", "is no number."),
    ],
)
def test_a_number_that_is_not_kept_is_told_as_one(text: str, sentence: str) -> None:
    found = Amounts("kWh", 3)[text]
    assert isinstance(found, Fault)
    assert found.sentence.endswith(sentence)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234", 1234),
        ("-1,234,567.5", None),
        ("12,34,567", 1_234_567),
        ("1,5", None),
        ("12,34", None),
        ("1,2345", None),
        ("1,,234", None),
        ("0.5,000", None),
    ],
)
def test_marks_stand_between_thousands_or_are_none(text: str, number: int | None) -> None:
    found = Amounts("kWh", 0, thousands=",")[text]
    assert found == number if number is not None else isinstance(found, Fault)


def test_a_point_is_none_where_commas_are() -> None:
    spaces, points = Amounts("kWh", 3, decimal=",", thousands=" "), Amounts("kWh", 3, decimal=",", thousands=".")
    assert [spaces["1 234,5"], points["1.234,5"]] == [1_234_500, 1_234_500]
    assert isinstance(spaces["1.5"], Fault)
    assert isinstance(points["1.5"], Fault)


def test_a_cost_is_kept_as_it_is() -> None:
    costs = Amounts("cost", 5, chosen=False)
    sentences = [found.sentence for text in ("1e12", "0.000001") if isinstance(found := costs[text], Fault)]
    assert sentences == ["“1e12” is too large.", "“0.000001” has more digits than are kept."]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.2000000000000002", 1200),
        ("0.30000000000000004", 300),
        ("1.9999999999999998", 2000),
        ("0.0005", 1),
        ("0.00049999", 0),
        ("-0.0005", -1),
        ("-0.00000001", 0),
        ("9.9995", 10_000),
        ("1e-20", 0),
        ("5e-4", 1),
        ("12.5", 12_500),
    ],
)
def test_digits_beyond_those_that_are_kept_are_rounded_where_that_is_asked_for(text: str, number: int) -> None:
    assert Amounts("kWh", 3, rounds=True)[text] == number
