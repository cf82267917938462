"""The figures of the house as Prometheus reads them: text, one family after the other.

They name third parties by their numbers, and nobody else.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.store.database import Store, Tx

TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Sample:
    """One number, and of what it is."""

    value: int
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Family:
    """Numbers of one sort."""

    name: str
    # the sentence that stands above them
    meant: str
    samples: tuple[Sample, ...]
    # they only grow, until the process ends
    counts: bool = False

    def lines(self) -> Iterator[str]:
        """As they are written. https://prometheus.io/docs/instrumenting/exposition_formats/"""
        yield f"# HELP {self.name} {self.meant}"
        yield f"# TYPE {self.name} {'counter' if self.counts else 'gauge'}"
        for sample in self.samples:
            labels = ",".join(f'{name}="{escaped(value)}"' for name, value in sample.labels)
            yield f"{self.name}{{{labels}}} {sample.value}" if labels else f"{self.name} {sample.value}"


def text(families: Iterable[Family]) -> str:
    """All of them."""
    return "".join(f"{line}\n" for family in families for line in family.lines())


def escaped(value: str) -> str:
    """The value of a label."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def by(label: str, values: Mapping[str, int]) -> tuple[Sample, ...]:
    """A number for each value of a label."""
    return tuple(Sample(value, ((label, name),)) for name, value in values.items())


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Reads the figures out of the store: every process of one installation tells the same."""

    store: Store
    now: Clock

    def families(self) -> tuple[Family, ...]:
        """All that the store knows."""
        at = self.now()
        with self.store.read() as tx:
            return (*notices(tx, at), *batches(tx, at), *jobs(tx, at), *deltas(tx), *trail(tx))


def notices(tx: Tx, at: int) -> Iterator[Family]:
    """What is owed to third parties, and who takes nothing."""
    owed, failing = tx.figures.notices(), tx.figures.receivers()
    yield Family(
        name="wattshare_notices_due",
        meant="Notices that are owed.",
        samples=by("third_party", {one.name: one.count for one in owed}),
    )
    yield Family(
        name="wattshare_notices_oldest_seconds",
        meant="Age of the oldest notice that is owed.",
        samples=by("third_party", {one.name: at - one.since for one in owed if one.since is not None}),
    )
    yield Family(
        name="wattshare_receiver_failing_seconds",
        meant="For how long a receiver has taken nothing.",
        samples=by("third_party", {one.third_party: at - (one.since or at) for one in failing}),
    )
    yield Family(
        name="wattshare_receiver_dead",
        meant="1: the alarm of a receiver that takes nothing is given.",
        samples=by("third_party", {one.third_party: int(one.dead) for one in failing}),
    )


def batches(tx: Tx, at: int) -> Iterator[Family]:
    """Files that were ordered."""
    oldest = tx.figures.oldest_order()
    yield Family(
        name="wattshare_batches",
        meant="Batches by state; ordered ones are not made yet.",
        samples=by("state", tx.figures.batches()),
    )
    yield Family(
        name="wattshare_batches_oldest_seconds",
        meant="Age of the oldest order that is not made; 0: none waits.",
        samples=(Sample(0 if oldest is None else at - oldest),),
    )


def jobs(tx: Tx, at: int) -> Iterator[Family]:
    """What workers have to do."""
    waiting = tx.figures.jobs(at)
    yield Family(
        name="wattshare_jobs",
        meant="Jobs that are not done.",
        samples=by("kind", {one.name: one.count for one in waiting}),
    )
    yield Family(
        name="wattshare_jobs_due",
        meant="Jobs that could be done now, and that nobody is at.",
        samples=by("kind", {one.name: one.due for one in waiting}),
    )
    yield Family(
        name="wattshare_jobs_oldest_seconds",
        meant="For how long the oldest job that could be done has waited for a worker.",
        samples=by("kind", {one.name: at - one.since for one in waiting if one.since is not None}),
    )
    yield Family(
        name="wattshare_jobs_dead",
        meant="Jobs that failed too often and were put aside.",
        samples=by("kind", tx.figures.dead_jobs()),
    )


def deltas(tx: Tx) -> Iterator[Family]:
    """Daily deltas: the last day's, how far they are, and when the next ones come."""
    day, states = tx.figures.deltas()
    yield Family(
        name="wattshare_deltas",
        meant="Daily deltas of the last day of which there are any, by state.",
        samples=tuple(
            Sample(count, (("day", day), ("state", state))) for state, count in states.items() if day is not None
        ),
    )
    making = tx.figures.making()
    for name, meant, count in (
        ("done", "Usage points that are written of a delta that is being made.", "done"),
        ("of", "Usage points that it can have at most.", "of"),
    ):
        yield Family(
            name=f"wattshare_delta_usage_points_{name}",
            meant=meant,
            samples=tuple(
                Sample(getattr(one, count), (("third_party", one.third_party), ("endpoint", one.endpoint)))
                for one in making
            ),
        )
    yield Family(
        name="wattshare_schedule_next_timestamp_seconds",
        meant="When what is done by a calendar is due next.",
        samples=by("name", tx.figures.next_runs()),
    )


def trail(tx: Tx) -> Iterator[Family]:
    """What was written down."""
    number, last = tx.figures.trail()
    yield Family(
        name="wattshare_trail_entries_total",
        meant="Number of the last entry of the trail.",
        samples=(Sample(number),),
        counts=True,
    )
    yield Family(
        name="wattshare_trail_last_timestamp_seconds",
        meant="When the last entry of the trail was written.",
        samples=() if last is None else (Sample(last),),
    )
