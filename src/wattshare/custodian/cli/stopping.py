"""A signal to stop, waited with while a document is being taken in: between two parts of it, never within one."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from wattshare.custodian.cli.printing import err
from wattshare.custodian.services.intake.telling import Tell


class Stop:
    """What SIGTERM does to an import.

    While a document is taken in the signal is noted, and acted on where the import next tells how far it is: no
    statement is under way there. A second one is acted on at once, as is the first where nothing is being taken in.
    """

    def __init__(self) -> None:
        """Nobody has asked for it yet."""
        self.asked = False
        self._taking = False

    def listen(self) -> None:
        """Have the signal noted from now on."""
        signal.signal(signal.SIGTERM, self)

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        """Take the signal."""
        at_once = self.asked or not self._taking
        self.asked = True
        if at_once:
            raise KeyboardInterrupt

    def pause(self, said: str) -> None:
        """Stop behind a document, where the signal came too late for it.

        Raises:
            KeyboardInterrupt: it was asked for.
        """
        if self.asked:
            err.print(said)
            raise KeyboardInterrupt

    @contextmanager
    def watching(self, tell: Tell) -> Iterator[Tell]:
        """What to tell how far a document is.

        Raises:
            KeyboardInterrupt: the signal came; from within what is told.
        """

        def told(what: str, done: int, total: int, /) -> None:
            tell(what, done, total)
            if self.asked:
                raise KeyboardInterrupt

        self._taking = True
        try:
            yield told
        finally:
            self._taking = False
