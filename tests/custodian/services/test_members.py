"""Who is in a file."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshare.custodian.services.members import Members

PAIRS = st.sets(st.tuples(st.integers(1, 20), st.integers(0, 2**62)), max_size=30)


def members(pairs: set[tuple[int, int]]) -> Members:
    """As a file would have them."""
    made = Members()
    for pair in sorted(pairs):
        made.add(*pair)
    return made


@given(pairs=PAIRS, others=PAIRS)
def test_members_are_those_that_were_added(pairs: set[tuple[int, int]], others: set[tuple[int, int]]) -> None:
    made = members(pairs)
    assert {pair for pair in pairs | others if pair in made} == pairs
    assert list(made.authorizations()) == sorted({holder for holder, _ in pairs})
    assert len(made) == len(pairs)


@given(pairs=PAIRS)
def test_what_is_written_down_is_read_again(pairs: set[tuple[int, int]]) -> None:
    file = BytesIO()
    members(pairs).write(file)
    assert Members.read(BytesIO(file.getvalue())) == members(pairs)


@pytest.mark.parametrize("pair", [(1, 5), (1, 4), (0, 9)])
def test_they_come_in_order(pair: tuple[int, int]) -> None:
    made = members({(1, 5)})
    with pytest.raises(ValueError, match="order"):
        made.add(*pair)
