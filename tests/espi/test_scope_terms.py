"""What is remarked about a scope string."""

import pytest

from wattshare.espi.scope_terms import Oddity, read_terms


@pytest.mark.parametrize(
    ("text", "oddities"),
    [
        ("FB=1_3;AdditionalScope=Usage;HistoryLength=5;", []),
        ("fb=1", [Oddity.SPELLING]),
        ("AdditionalScope=usage", [Oddity.SPELLING]),
        ("FB=1,3", [Oddity.SEPARATOR]),
        ("FB=1_3 BR=5", [Oddity.SEPARATOR]),
        ("FB=1;FB=3", [Oddity.REPEATED]),
        ("BR=1;BR=1", [Oddity.REPEATED]),
        ("FB=21", [Oddity.UNKNOWN_BLOCK]),
        ("FB=????", [Oddity.NOT_A_NUMBER]),
        ("HistoryLength=long", [Oddity.NOT_A_NUMBER]),
        ("AdditionalScope=Weather", [Oddity.UNKNOWN_WORD]),
        ("Weather=fine", [Oddity.UNKNOWN_TERM]),
        ("5+6+7", [Oddity.UNKNOWN_TERM]),
        ("Weather", [Oddity.NO_VALUE]),
        ("AdditionalScope=", [Oddity.NO_VALUE]),
    ],
)
def test_what_is_odd_is_remarked(text: str, oddities: list[Oddity]) -> None:
    assert [remark.oddity for remark in read_terms(text).remarks] == oddities


def test_only_what_is_not_understood_is_lost() -> None:
    assert {oddity for oddity in Oddity if not oddity.lost} == {
        Oddity.SPELLING,
        Oddity.SEPARATOR,
        Oddity.REPEATED,
    }
