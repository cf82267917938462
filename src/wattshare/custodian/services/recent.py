"""What was found out about a bearer in this second of the clock, to answer its next question without the database.

Third parties ask for one entry after the other. What opens them is found in one view: the token, whose it is, the
permission and what that opens. The next entries are decided upon and made out of what that view showed, by the same
code, and leave only if nothing of it had changed when they were written into the trail: that transaction asks for what
was committed since the view (`store/access_changes`). What is refused, or was not seen, is asked of the database.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.premises import UsagePoint
from wattshare.custodian.model.readings import Channel
from wattshare.custodian.store.access_changes import AccessChange, order
from wattshare.custodian.store.bearers import Bearers, Shown
from wattshare.custodian.store.database import Tx
from wattshare.custodian.store.readings import Readings
from wattshare.espi.endpoint import Shape
from wattshare.espi.usage import ReadingType

if TYPE_CHECKING:
    from wattshare.custodian.services.disclosure.planned import Planned

# the rows that are answered out of it alone: what stands in their entries is small, and names nobody
ALONE = frozenset(
    {
        Shape.USAGE_POINTS,
        Shape.USAGE_POINT,
        Shape.METER_READINGS,
        Shape.METER_READING,
        Shape.READING_TYPES,
        Shape.READING_TYPE,
        Shape.LOCAL_TIMES,
        Shape.LOCAL_TIME,
    }
)
# the rows whose bearer is known by it; what they tell is read from the database each time
READ_ANEW = frozenset({Shape.BLOCKS, Shape.BLOCK, Shape.SUMMARIES, Shape.SUMMARY, Shape.BATCH_USAGE_POINT})
SHAPES = ALONE | READ_ANEW
# bearers of one second; others are asked about in the database
MOST = 4_096
# a second of the clock is not longer than this, unless the clock is set back
LONGEST_SECONDS = 2

Types = tuple[tuple[str, ReadingType], ...]
T = TypeVar("T")


class NotSeen(LookupError):
    """The view has not shown it."""


@dataclass(frozen=True)
class Proof:
    """What an answer was made from: it may leave if nothing of that has changed since the moment."""

    moment: str
    third_party_id: int
    authorization_id: int | None

    def holds(self, changes: tuple[AccessChange, ...]) -> bool:
        """Whether none of the changes is about it."""
        return not any(change.concerns(self.third_party_id, self.authorization_id) for change in changes)


@dataclass(kw_only=True)
class Seen:
    """What views have shown of a bearer, for one second of the clock."""

    at: int
    shown: Shown | None = None
    # what the earliest of them saw
    moment: str = ""
    points: tuple[UsagePoint, ...] | None = None
    channels: dict[int, tuple[Channel, ...]] = field(default_factory=dict)
    types: Types | None = None
    # answers that were decided upon out of it: by row, ids and certificate
    planned: dict[tuple[str, ...], "Planned"] = field(default_factory=dict)

    @cached_property
    def tx(self) -> "SeenTx":
        """The views, as if they went on."""
        return SeenTx(self)

    @cached_property
    def proof(self) -> Proof:
        """What an answer out of it needs.

        Raises:
            NotSeen: no bearer was found.
        """
        if self.shown is None:
            raise NotSeen
        token = self.shown.token
        return Proof(self.moment, token.third_party_id, token.authorization_id)

    def with_earlier(self, other: "Seen") -> "Seen":
        """The same with what earlier views showed beside it; it holds for as long as what they showed does."""
        return Seen(
            at=self.at,
            shown=self.shown,
            moment=min(self.moment, other.moment, key=order),
            points=other.points if self.points is None else self.points,
            channels=other.channels | self.channels,
            types=other.types if self.types is None else self.types,
        )

    def is_of(self, held: Authorization, at: int) -> bool:
        """Whether it is asked for what was seen."""
        shown = self.shown
        return shown is not None and shown.held is not None and shown.held.id == held.id and at == self.at

    def points_of(self, held: Authorization, at: int) -> tuple[UsagePoint, ...] | None:
        """The usage points; None: they were not seen."""
        return self.points if self.is_of(held, at) else None

    def channels_of(self, held: Authorization, usage_point_id: int, at: int) -> tuple[Channel, ...] | None:
        """The channels of a usage point; None: they were not seen."""
        return self.channels.get(usage_point_id) if self.is_of(held, at) else None


class SeenBearers:
    """`Bearers` of a view that is over."""

    def __init__(self, seen: Seen) -> None:
        """Take what was seen."""
        self._seen = seen

    def shown(self, _text: str) -> Shown | None:
        """The bearer: it was found by the text."""
        return self._seen.shown


class SeenReadings:
    """`Readings` of a view that is over."""

    def __init__(self, seen: Seen) -> None:
        """Take what was seen."""
        self._seen = seen

    def usage_points(self, held: Authorization, at: int) -> tuple[UsagePoint, ...]:
        """As `Readings` has it."""
        return known(self._seen.points_of(held, at))

    def channels_shared(self, held: Authorization, usage_point_id: int, at: int) -> tuple[Channel, ...]:
        """As `Readings` has it."""
        return known(self._seen.channels_of(held, usage_point_id, at))

    def reading_types(self) -> Types:
        """As `Readings` has it."""
        return known(self._seen.types)

    def __getattr__(self, name: str) -> Any:
        """All else was not seen."""
        raise NotSeen(name)


class SeenTx(Tx):
    """A view that is over: it knows what was asked of it, and nothing else."""

    def __init__(self, seen: Seen) -> None:
        """Take what was seen."""
        self.bearers = cast("Bearers", SeenBearers(seen))
        self.readings = cast("Readings", SeenReadings(seen))

    def __getattr__(self, name: str) -> Any:
        """All else was not seen."""
        raise NotSeen(name)

    def narrow(self, authorization_id: int) -> None:
        """It holds nothing of anybody else."""


class KnownReadings:
    """`Readings` of a view in which what was seen before it is not looked up again."""

    def __init__(self, readings: Readings, seen: Seen) -> None:
        """Take the view's own."""
        self._readings, self._seen = readings, seen

    def usage_points(self, held: Authorization, at: int) -> tuple[UsagePoint, ...]:
        """As `Readings` has it."""
        points = self._seen.points_of(held, at)
        return self._readings.usage_points(held, at) if points is None else points

    def channels_shared(self, held: Authorization, usage_point_id: int, at: int) -> tuple[Channel, ...]:
        """As `Readings` has it."""
        channels = self._seen.channels_of(held, usage_point_id, at)
        return self._readings.channels_shared(held, usage_point_id, at) if channels is None else channels

    def __getattr__(self, name: str) -> Any:
        """All else goes past."""
        return getattr(self._readings, name)


class KnownTx(Tx):
    """A view of one authorization, whose bearer was found before it."""

    def __init__(self, tx: Tx, seen: Seen) -> None:
        """Take the view."""
        self._tx = tx
        self.readings = cast("Readings", KnownReadings(tx.readings, seen))

    def __getattr__(self, name: str) -> Any:
        """All else goes past."""
        return getattr(self._tx, name)


class WatchedBearers:
    """`Bearers` that are looked at."""

    def __init__(self, bearers: Bearers, seen: Seen) -> None:
        """Take the view's own."""
        self._bearers, self._seen = bearers, seen

    def shown(self, text: str) -> Shown | None:
        """As `Bearers` has it."""
        found = self._bearers.shown(text)
        if found is not None:
            self._seen.shown, self._seen.moment = found, found.moment
        return found


class WatchedReadings:
    """`Readings` that are looked at."""

    def __init__(self, readings: Readings, seen: Seen) -> None:
        """Take the view's own."""
        self._readings, self._seen = readings, seen

    def usage_points(self, held: Authorization, at: int) -> tuple[UsagePoint, ...]:
        """As `Readings` has it."""
        found = self._readings.usage_points(held, at)
        if at == self._seen.at:
            self._seen.points = found
        return found

    def channels_shared(self, held: Authorization, usage_point_id: int, at: int) -> tuple[Channel, ...]:
        """As `Readings` has it."""
        found = self._readings.channels_shared(held, usage_point_id, at)
        if at == self._seen.at:
            self._seen.channels[usage_point_id] = found
        return found

    def reading_types(self) -> Types:
        """As `Readings` has it."""
        self._seen.types = found = self._readings.reading_types()
        return found

    def __getattr__(self, name: str) -> Any:
        """All else goes past."""
        return getattr(self._readings, name)


class WatchedTx(Tx):
    """A view that is looked at while it is asked."""

    def __init__(self, tx: Tx, seen: Seen) -> None:
        """Take the view."""
        self._tx = tx
        self.bearers = cast("Bearers", WatchedBearers(tx.bearers, seen))
        self.readings = cast("Readings", WatchedReadings(tx.readings, seen))

    def __getattr__(self, name: str) -> Any:
        """All else goes past."""
        return getattr(self._tx, name)

    def narrow(self, authorization_id: int) -> None:
        """As the view does."""
        self._tx.narrow(authorization_id)


def known(value: T | None) -> T:
    """What was seen.

    Raises:
        NotSeen: it was not.
    """
    if value is None:
        raise NotSeen
    return value


@dataclass(kw_only=True)
class Recent:
    """What was found out in this second, by bearer. For any number of threads."""

    now: Clock
    # random, of this process
    key: bytes = field(repr=False)
    # whether changes are written down where they are made
    on: Callable[[], bool]
    # the second, and what was seen in it by the digest of a token: no token is kept; and until when, whatever the clock
    # does
    kept: tuple[int, dict[bytes, Seen]] = (0, {})
    until: float = 0.0
    monotonic: Callable[[], float] = time.monotonic

    def find(self, text: str) -> Seen | None:
        """What is known of a bearer by its token."""
        second, seen = self.kept
        return seen.get(self._named(text)) if second == self.now() and self.monotonic() < self.until else None

    def watch(self) -> Seen | None:
        """What is about to be seen; None where nothing is to be kept."""
        return Seen(at=self.now()) if self.on() else None

    def keep(self, text: str, seen: Seen) -> None:
        """Keep what one view has shown. Whoever writes at the same moment may throw it away."""
        if seen.shown is None or seen.at != self.now():
            return
        second, kept = self.kept
        if second != seen.at or self.monotonic() >= self.until:
            kept = {}
            self.kept, self.until = (seen.at, kept), self.monotonic() + LONGEST_SECONDS
        named = self._named(text)
        earlier = kept.get(named)
        if earlier is not None:
            kept[named] = seen.with_earlier(earlier)
        elif len(kept) < MOST:
            kept[named] = seen

    def forget(self, changes: tuple[AccessChange, ...]) -> None:
        """Forget what changes are about."""
        _, kept = self.kept
        for named, seen in tuple(kept.items()):
            if not seen.proof.holds(changes):
                kept.pop(named, None)

    def _named(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), digest_size=32, key=self.key).digest()
