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
        ("NaN", "is no number; leave it empty where nothing was read, and say values.empty = “gap”."),
        ("#N/A", "is no number; leave it empty where nothing was read, and say values.empty = “gap”."),
        ("-", "is no number; leave it empty where nothing was read, and say values.empty = “gap”."),
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


def test_a_cost_is_kept_as_it_is() -> None:
    costs = Amounts("cost", 5, chosen=False)
    sentences = [found.sentence for text in ("1e12", "0.000001") if isinstance(found := costs[text], Fault)]
    assert sentences == ["“1e12” is too large.", "“0.000001” has more digits than are kept."]
