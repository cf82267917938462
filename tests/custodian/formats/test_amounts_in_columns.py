"""Values of days as columns: each day in the narrowest width, to the byte as values are packed one day at a time."""

from decimal import Decimal
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshare.custodian.formats.tables.days import NotPlain
from wattshare.custodian.model.packing import pack_values

pa = pytest.importorskip("pyarrow", reason="pip install 'wattshare[parquet]'")
columns = pytest.importorskip("wattshare.custodian.formats.tables.amounts_in_columns")

WIDE = (0, 127, 128, 32_767, 32_768, (1 << 31) - 1, 1 << 31, 1 << 40)
# a value that stands out where few look; or that fills the day
SPIKES = st.tuples(st.integers(1, 100), st.integers(0, 99), st.sampled_from(WIDE), st.sampled_from(WIDE))


@given(days=st.lists(SPIKES, min_size=1, max_size=6), times=st.sampled_from([1, 40]), shift=st.sampled_from([0, 1, 3]))
def test_days_are_as_wide_as_their_widest_value(days: list[tuple[int, int, int, int]], times: int, shift: int) -> None:
    whole = [[usual] * count for count, _, usual, _ in days]
    for values, (count, place, _, spike) in zip(whole, days, strict=True):
        values[place % count] = spike
    whole = [[value // 10**shift for value in values] for values in whole] * times
    amounts = columns.Amounts.of(pa.array([value for values in whole for value in values], pa.int64()), shift)
    counts = [len(values) for values in whole]
    firsts = pa.array([0, *accumulate(counts)][:-1], pa.int64())
    widths = [1 << power for power in amounts.widths(firsts, pa.array(counts, pa.int64())).to_pylist()]
    packed = {width: amounts.packed(firsts, pa.array(counts, pa.int64()), width).to_pylist() for width in set(widths)}
    found = [(width, packed[width][place]) for place, width in enumerate(widths)]
    assert found == [pack_values([value * 10**shift for value in values]) for values in whole]


def test_decimals_are_their_digits_wherever_a_batch_begins() -> None:
    values = pa.array([Decimal(value).scaleb(-3) for value in range(50)], pa.decimal128(12, 3)).slice(7, 20)
    assert columns.Amounts.of(values, 3).digits.to_pylist() == list(range(7, 27))
    assert columns.Amounts.of(values.slice(3, 1), 2).digits.to_pylist() == [1]
    with pytest.raises(NotPlain):
        columns.Amounts.of(values, 2)


@pytest.mark.parametrize(("value", "kind", "shift"), [(-1, "int16", 0), (1 << 46, "int64", 1), (1 << 47, "uint64", 0)])
def test_what_cannot_be_kept_is_not_plain(value: int, kind: str, shift: int) -> None:
    with pytest.raises(NotPlain):
        columns.Amounts.of(pa.array([0, value], kind), shift)
