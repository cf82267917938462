"""Kinds of data and their words."""

import pytest

from wattshare.espi.kinds import ALL_KINDS, CUSTOMER, METERED, Kind, in_order


def test_the_order_is_that_of_scope_strings() -> None:
    assert [kind.term for kind in in_order(ALL_KINDS)] == [
        "Usage",
        "Billing",
        "Basic",
        "Account",
        "ProgramEnrollment",
    ]


@pytest.mark.parametrize("word", ["ProgramEnrollment", "programenrollment", " PROGRAMENROLLMENT "])
def test_a_kind_is_found_in_whatever_case(word: str) -> None:
    assert Kind.named(word) is Kind.PROGRAM_ENROLLMENT


def test_a_word_for_no_kind_is_none() -> None:
    assert Kind.named("Weather") is None


def test_every_kind_is_metered_or_the_customers() -> None:
    assert METERED | CUSTOMER == ALL_KINDS
    assert not METERED & CUSTOMER
