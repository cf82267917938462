"""Ends are compared in one function, with a minute of skew, once."""

import pytest

from wattshare.custodian.oauth.expiry import after, expired

END = 1_700_000_000


@pytest.mark.parametrize(("now", "over"), [(END - 1, False), (END, False), (END + 59, False), (END + 60, True)])
def test_an_end_is_believed_a_minute_later(now: int, over: bool) -> None:
    assert expired(END, now) is over


@pytest.mark.parametrize("seconds", [0, 60, 3600])
def test_the_skew_does_not_lengthen_what_is_to_stop(seconds: int) -> None:
    end = after(seconds, END)
    assert expired(end, END + seconds)
    assert not expired(end, END + seconds - 1)
