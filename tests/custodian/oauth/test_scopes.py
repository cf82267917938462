"""RFC 6749 §3.3: a scope that is asked for at the token endpoint."""

import pytest

from wattshare.custodian.oauth.errors import InvalidScope
from wattshare.custodian.oauth.scopes import within

HELD = (
    "FB=1_3_8_13_14_18_19_31_32_35_37_38_39_40_4_5_15;AdditionalScope=Usage;IntervalDuration=900_3600;"
    "BlockDuration=Daily;HistoryLength=126144000;AccountCollection=1;BR=50001;dataCustodianId=PGE"
)


@pytest.mark.parametrize(
    ("asked", "strict"),
    [
        (None, True),
        (HELD, True),
        ("FB=4_5_15", True),
        ("FB=15_4;AdditionalScope=Usage", True),
        ("FB=4;Colour=green", False),
        ("5+6+7", False),
    ],
)
def test_a_scope_within_the_granted_one_passes(asked: str | None, strict: bool) -> None:
    within(asked, HELD, strict=strict)


@pytest.mark.parametrize(
    ("asked", "strict"),
    [
        pytest.param("FB=????", True, id="OAD011: wrong scope"),
        pytest.param("FB=4;Colour=green", True, id="an unknown term"),
        pytest.param("FB=4_16", False, id="OAD014: a block more"),
        pytest.param("FB=4;AdditionalScope=Usage_Billing", False, id="a kind more"),
        pytest.param("FB=4;AdditionalScope=Basic", True, id="another kind"),
    ],
)
def test_a_scope_beyond_the_granted_one_is_refused(asked: str, strict: bool) -> None:
    with pytest.raises(InvalidScope):
        within(asked, HELD, strict=strict)
