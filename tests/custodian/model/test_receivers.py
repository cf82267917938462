"""The circuit of a receiver, a case a line."""

from dataclasses import replace

import pytest

from wattshare.custodian.model.receivers import (
    FAILURES,
    LAST_PAUSE,
    LONG_PAUSE,
    MOVES,
    PROBE_SECONDS,
    Circuit,
    Receiver,
    pause,
)

T0 = 1_700_000_000
WELL = Receiver(third_party_id=50_001)


def failing(times: int, at: int = T0, **how: bool) -> Receiver:
    """After so many failures in a row, a second apart."""
    receiver = WELL
    for number in range(times):
        said = {"permanent": False, "gone": False} | how
        receiver = receiver.failed(at + number, "timeout", **said, chance=lambda: 0.5)
    return receiver


def test_a_failure_or_two_change_nothing_for_those_that_follow() -> None:
    receiver = failing(FAILURES - 1)
    assert (receiver.state, receiver.failures, receiver.failing_since) == (Circuit.CLOSED, FAILURES - 1, T0)
    assert receiver.admitted(T0) == receiver


def test_after_some_in_a_row_nothing_is_sent_for_a_while() -> None:
    receiver = failing(FAILURES)
    assert receiver.state is Circuit.OPEN
    assert receiver.admitted(receiver.shut_until - 1) is None


def test_then_one_is_tried_and_no_other() -> None:
    opened = failing(FAILURES)
    tried = opened.admitted(opened.shut_until)
    assert tried is not None
    assert tried.state is Circuit.HALF_OPEN
    assert tried.admitted(opened.shut_until + PROBE_SECONDS - 1) is None
    # unless nothing was ever heard of that one
    assert tried.admitted(opened.shut_until + PROBE_SECONDS) is not None


def test_one_that_is_taken_closes_it_and_one_that_fails_opens_it_for_longer() -> None:
    opened = failing(FAILURES)
    tried = opened.admitted(opened.shut_until)
    assert tried is not None
    assert tried.succeeded() == WELL
    again = tried.failed(T0 + 100, "timeout", permanent=False, gone=False, chance=lambda: 0.5)
    assert again.state is Circuit.OPEN
    assert again.shut_until - (T0 + 100) > opened.shut_until - (T0 + FAILURES - 1)
    assert again.failing_since == T0


def test_410_ends_it_until_somebody_does_something() -> None:
    receiver = failing(1, gone=True, permanent=True)
    assert receiver.state is Circuit.GONE
    assert receiver.admitted(T0 + 10**9) is None


def test_what_only_somebody_can_change_is_tried_seldom() -> None:
    receiver = failing(1, permanent=True)
    assert (receiver.state, receiver.shut_until) == (Circuit.OPEN, T0 + LONG_PAUSE)


@pytest.mark.parametrize(
    ("receiver", "at", "dead"),
    [
        (WELL, T0 + 99_999, False),
        (failing(9), T0 + 3_599, False),
        (failing(9), T0 + 3_600, True),
        (failing(1, gone=True, permanent=True), T0, True),
        (failing(9).succeeded(), T0 + 99_999, False),
    ],
)
def test_it_is_dead_after_hours_of_failure_or_when_it_says_so(receiver: Receiver, at: int, dead: bool) -> None:
    assert receiver.is_dead(at, 3_600) is dead


def test_pauses_double_up_to_a_quarter_of_an_hour() -> None:
    most = [pause(failures, lambda: 0.9999) for failures in range(FAILURES, FAILURES + 8)]
    assert most[:4] == [30, 60, 120, 240]
    assert most[-1] == LAST_PAUSE
    assert {pause(failures, lambda: 0.0) for failures in (1, 5, 500)} == {1}


def test_states_move_as_the_table_says() -> None:
    seen: set[tuple[Circuit, Circuit]] = set()
    for state in Circuit:
        known = replace(WELL, state=state, failures=FAILURES)
        after = [known.succeeded(), known.admitted(T0)]
        for permanent, gone in ((False, False), (True, False), (True, True)):
            after.append(known.failed(T0, "status", permanent=permanent, gone=gone, chance=lambda: 0.5))
        seen |= {(state, one.state) for one in after if one is not None and one.state is not state}
    allowed = {(state, to) for state, after in MOVES.items() for to in after}
    # from there it opens when somebody asks for a notice
    assert allowed - seen == {(Circuit.GONE, Circuit.OPEN)}
    assert seen <= allowed
