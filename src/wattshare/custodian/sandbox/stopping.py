"""How a sandbox hears that it is to stop."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

# how often it is looked for a signal
LOOK_SECONDS = 0.2
SIGNS = (signal.SIGTERM, signal.SIGINT)


@dataclass
class Stop:
    """Whether SIGINT or SIGTERM came.

    While a town is built, either interrupts it at any moment. Once there are threads it only becomes known: an
    interrupt between two steps of a lock leaves that lock closed for all the others, and one that comes while
    something is cleared away is lost.
    """

    came: bool = False
    held: bool = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """A block in which the signals come here."""
        before = {sign: signal.signal(sign, self._take) for sign in SIGNS}
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)

    def hold(self) -> None:
        """Interrupt nothing from here on.

        Raises:
            KeyboardInterrupt: a signal came already, and was lost.
        """
        self.held = True
        if self.came:
            raise KeyboardInterrupt

    def wait(self, ended: threading.Event) -> None:
        """Return when a signal has come, or when something has ended by itself."""
        while not self.came and not ended.wait(LOOK_SECONDS):
            pass

    def _take(self, _sign: int, _frame: FrameType | None) -> None:
        self.came = True
        if not self.held:
            raise KeyboardInterrupt
