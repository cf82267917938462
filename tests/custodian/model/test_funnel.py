"""What may be told of counts: none under five, and none that gives one away."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as some

from wattshare.custodian.model.funnel import GIVEN_UP, Counts, Dimension, Fate, Step, exact, guarded, together

KEYS = [(step, fate) for step in GIVEN_UP for fate in Fate] + [(Step.DELIVERED, Fate.OVER)]
COUNTS = some.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, some.integers(0, 12)))


def test_a_line_says_how_far_requests_came_and_where_they_were_left() -> None:
    counts: Counts = {
        (Step.ARRIVED, Fate.OVER): 20,
        (Step.CHOSEN, Fate.DECLINED): 10,
        (Step.SHARED, Fate.OVER): 3,
        (Step.EXCHANGED, Fate.OPEN): 5,
        (Step.DELIVERED, Fate.OVER): 30,
    }
    told = exact(None, "", counts)
    assert (told.reached["arrived"], told.reached["identified"], told.reached["decided"]) == (68, 48, 48)
    assert (told.reached["shared"], told.reached["exchanged"], told.reached["delivered"]) == (38, 35, 30)
    assert told.abandoned["before_token"] == 3
    kept = guarded(None, "", counts)
    # 38 less 35 would say it
    assert (kept.abandoned["before_token"], kept.reached["exchanged"]) == (None, None)
    assert (kept.reached["shared"], kept.reached["delivered"], kept.reached["declined"]) == (38, 30, 10)
    assert kept.abandoned["before_identification"] == 20


@given(COUNTS)
def test_no_small_count_is_told_nor_given_away_within_a_line(counts: Counts) -> None:
    told, known = guarded(None, "", counts), exact(None, "", counts)
    assert all(count is None or count == 0 or count >= 5 for count in told.cells.values())
    assert all(count in (None, known.cells[name]) for name, count in told.cells.items())
    shown = [told.reached[step.label] for step in Step if told.reached[step.label] is not None]
    assert all((one or 0) - (next_ or 0) not in range(1, 5) for one, next_ in pairwise(shown))


@given(some.lists(COUNTS, min_size=1, max_size=4))
def test_no_small_count_is_given_away_by_a_total(every: list[Counts]) -> None:
    summed = {key: sum(counts.get(key, 0) for counts in every) for key in KEYS}
    total = guarded(None, "", summed)
    lines = together(total, [guarded(Dimension.APP, str(place), counts) for place, counts in enumerate(every)])
    for name, whole in total.cells.items():
        left_out = (whole or 0) - sum(line.cells[name] or 0 for line in lines)
        assert whole is None or left_out == 0 or left_out >= 5
