"""Which days an answer is about: a window, or what is new since the last time."""

from dataclasses import dataclass

from wattshare.espi.window import Window


@dataclass(frozen=True, kw_only=True)
class Latest:
    """The latest day of each channel and every revision since an earlier answer. For bulk without bounds."""

    # the second of the earlier answer; None: there was none
    since: int | None = None
    # what came after that second is not looked at: a file that is made again tells of the days that it told of
    until: int | None = None
    # the latest day is left out where it did not change
    changes_only: bool = False


Selection = Window | Latest | None
