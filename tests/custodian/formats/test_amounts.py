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
        ("0.00100000000000000001", "has more digits than are kept; lower values.power_of_ten by 17 or more."),
        ("1" * 77, "is no number."),
        ("NaN", "is no number."),
        ("\uff11\uff12", "is no number."),
        ("1_000", "is no number."),
    ],
)
def test_a_number_that_is_not_kept_is_told_as_one(text: str, sentence: str) -> None:
    found = Amounts("kWh", 3)[text]
    assert isinstance(found, Fault)
    assert found.sentence.endswith(sentence)
