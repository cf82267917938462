"""A signal interrupts what is built, and nothing that serves."""

import os
import signal
import sys
import threading
from collections.abc import Callable

import pytest

from wattshare.custodian.sandbox.stopping import SIGNS, Stop


def come(sign: signal.Signals) -> None:
    os.kill(os.getpid(), sign)


@pytest.mark.parametrize("sign", SIGNS)
def test_what_is_built_is_interrupted(sign: signal.Signals) -> None:
    stop = Stop()
    with stop.heard(), pytest.raises(KeyboardInterrupt):
        come(sign)
    assert stop.came


@pytest.mark.parametrize("sign", SIGNS)
def test_what_serves_is_told_and_not_interrupted(sign: signal.Signals) -> None:
    stop, ended = Stop(), threading.Event()
    with stop.heard():
        stop.hold()
        come(sign)
        stop.wait(ended)
        # whoever tells it twice interrupts nothing either
        come(sign)
    assert stop.came
    assert not ended.is_set()


def test_a_signal_in_the_middle_of_waiting_is_heard() -> None:
    stop, ended = Stop(), threading.Event()
    with stop.heard():
        stop.hold()
        sender = threading.Timer(0.05, come, [signal.SIGTERM])
        sender.start()
        stop.wait(ended)
        sender.join()
    assert stop.came


def test_one_that_was_lost_while_something_was_cleared_away_is_found_again() -> None:
    class Cleared:
        def __del__(self) -> None:
            # what is raised here reaches nobody
            come(signal.SIGTERM)

    stop = Stop()
    with stop.heard():
        lost = swallowed(Cleared)
        with pytest.raises(KeyboardInterrupt):
            stop.hold()
    assert lost == [KeyboardInterrupt]


def swallowed(make: Callable[[], object]) -> list[type[BaseException]]:
    """Make something and let it go: what was raised meanwhile and reached nobody."""
    seen: list[type[BaseException]] = []
    before, sys.unraisablehook = sys.unraisablehook, lambda told: seen.append(told.exc_type)
    try:
        make()
    finally:
        sys.unraisablehook = before
    return seen


def test_what_ends_by_itself_ends_the_waiting() -> None:
    stop, ended = Stop(), threading.Event()
    ended.set()
    stop.wait(ended)
    assert not stop.came


def test_signals_go_afterwards_where_they_went_before() -> None:
    before = [signal.getsignal(sign) for sign in SIGNS]
    with Stop().heard():
        assert [signal.getsignal(sign) for sign in SIGNS] != before
    assert [signal.getsignal(sign) for sign in SIGNS] == before
