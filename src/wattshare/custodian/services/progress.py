"""How far the making of a batch is: told to whoever asks, in any process, while a worker is at it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from wattshare.custodian.services.disclosure.bulk import Section
from wattshare.custodian.services.disclosure.render import BlockItem, Item
from wattshare.custodian.store.database import Store

# between two times that it is written down
TELL_SECONDS = 0.5


class Stopped(Exception):
    """What is being made is not wanted any more."""


@dataclass(kw_only=True)
class Making:
    """Counts the sections of a batch that are written: usage points, or authorizations of customer files."""

    store: Store
    batch_id: str
    # at most so many; some have nothing to say
    of: int
    monotonic: Callable[[], float]
    done: int = 0
    told_at: float = field(default=0.0)

    @classmethod
    def begin(
        cls,
        store: Store,
        batch_id: str,
        *,
        of: int,
        done: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> "Making":
        """So many are written already.

        Raises:
            Stopped: it is not wanted.
        """
        making = cls(store=store, batch_id=batch_id, of=of, monotonic=monotonic, done=done)
        making.tell()
        return making

    def watched(self, sections: Iterator[Section]) -> Iterator[Section]:
        """Sections on their way into a file. Each is written when the next one is asked for.

        Raises:
            Stopped: nobody wants them any more.
        """
        for section in sections:
            yield section
            self.done += 1
            if self.monotonic() - self.told_at >= TELL_SECONDS:
                self.tell()

    def tell(self) -> None:
        """Write down how far it is."""
        with self.store.begin() as tx:
            wanted = tx.batches.progressed(self.batch_id, self.done, self.of)
        if not wanted:
            raise Stopped
        self.told_at = self.monotonic()


@dataclass
class Counted:
    """Items on their way into a file, and how many readings they hold."""

    items: Iterator[Item]
    readings: int = 0

    def __iter__(self) -> Iterator[Item]:
        """Each item."""
        for item in self.items:
            if isinstance(item, BlockItem):
                self.readings += item.block.count
            yield item
