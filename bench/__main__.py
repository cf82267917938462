"""`make bench`: every bar in one run, as ratios to what the machine can do, each checked for being right.

make bench
make bench ARGS="--only R1,F2 --engine postgresql"
make bench ARGS="--usage-points 1000 --days 40"
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import arrivals, bulk, intake, kept, rendering, stack, utility
from bench.bars import BARS
from bench.databases import Databases, databases, open_to_all
from bench.machine import busy, kind_of_machine, memcpy
from bench.outcome import NotMeasured, Outcome, Wrong
from bench.utility import Utility
from wattshare.custodian.house import House

# what is measured together, in this order
RENDERING = frozenset({"R1", "R2", "R2d", "R3", "R3d"})
STACK = frozenset({"F1", "F1d", "F2"})
BULK = frozenset({"B1", "B2", "B2b", "B3"})
COLUMNS = frozenset({"I1", "I3"})
ENGINES = ("sqlite", "postgresql")
HEADINGS = ("bar", "what", "floor", "target", "moonshot", "seen", "reached", "note")


def arguments(told: list[str]) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description="Measure every bar.")
    parser.add_argument("--only", default="", help="bars, such as R1,F2; all of them by default")
    parser.add_argument("--engine", choices=(*ENGINES, "both"), default="both")
    parser.add_argument("--usage-points", type=int, default=100_000, help="of the utility with one day (100000)")
    parser.add_argument("--deep-points", type=int, default=10_000, help="of the utility with some months (10000)")
    parser.add_argument("--days", type=int, default=92, help="of that one (92)")
    parser.add_argument("--folder", type=Path, default=Path(".bench"), help="where utilities are kept (.bench)")
    parser.add_argument("--json", type=Path, help="where the results go as JSON (FOLDER/results.json)")
    return parser.parse_args(told)


def wanted_of(named_ones: str) -> frozenset[str]:
    """The bars that are named.

    Raises:
        SystemExit: there is no such bar.
    """
    named = frozenset(filter(None, (part.strip() for part in named_ones.split(","))))
    if unknown := named - BARS.keys():
        sys.exit(f"no such bar: {', '.join(sorted(unknown))}; there are {', '.join(BARS)}")
    return named or frozenset(BARS)


@dataclass(kw_only=True)
class Run:
    """One run over one engine or both."""

    asked: argparse.Namespace
    console: Console
    begun: float = field(default_factory=time.monotonic)
    # by engine; what needs none is with the first
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    # what of it could not be measured, or was wrong
    why_not: list[str] = field(default_factory=list)

    @property
    def scratch(self) -> Path:
        """Where nothing is kept."""
        return Path(self.asked.folder / "scratch")

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.begun

    def say(self, what: str) -> None:
        """Tell what is done now."""
        self.console.print(f"[dim]{self.seconds:5.0f} s[/dim]  {what}")

    def engine(self, name: str, wanted: frozenset[str]) -> None:
        """Measure on one engine; each figure is written down as soon as it is there."""
        try:
            with databases(name, self.asked.folder) as engine:
                for part in (self.year, self.endless, self.wide, self.columns, self.deep):
                    self.part(name, part(engine, wanted))
        except NotMeasured as why:
            self.failed(name, why)

    def part(self, name: str, outcomes: Iterator[Outcome]) -> None:
        """Some bars; where something is wrong, the others are measured all the same."""
        try:
            for outcome in outcomes:
                self.outcomes.setdefault(name, []).append(outcome)
                self.write()
                _, _, _, _, _, seen, reached, _ = outcome.row()
                self.say(f"[bold]{outcome.id}[/bold] on {name}: {seen} {reached}")
        except (Wrong, subprocess.CalledProcessError) as why:
            self.failed(name, why)

    def failed(self, name: str, why: Exception) -> None:
        """Keep and tell why something was not measured."""
        self.why_not.append(f"{name}: {why}")
        self.say(f"[red]{name}: {why}[/red]")

    # the parts

    def kept(self, engine: Databases, name: str, build: Callable[[House], dict[str, Any]]) -> Utility:
        """A utility to measure on."""
        self.say(f"{name} on {engine.engine}")
        return utility.prepared(self.asked.folder, name, engine, build)

    def year(self, engine: Databases, wanted: frozenset[str]) -> Iterator[Outcome]:
        """One usage point's year."""
        if not wanted & (RENDERING | STACK | {"I2", "S2"}):
            return
        one = self.kept(engine, "year", utility.single)
        if wanted & RENDERING:
            yield from (found for found in rendering.measure(one) if found.id in wanted)
        if wanted & STACK:
            yield from stack.measure(one, engine, wanted, self.scratch)
        if "I2" in wanted:
            yield intake.measure(one, engine, self.scratch)
        if "S2" in wanted:
            yield kept.cold(one, engine, self.scratch)

    def endless(self, engine: Databases, wanted: frozenset[str]) -> Iterator[Outcome]:
        """A channel that takes long to send."""
        if "F3" in wanted:
            yield stack.slow_reader(self.kept(engine, "endless", utility.endless), engine)

    def wide(self, engine: Databases, wanted: frozenset[str]) -> Iterator[Outcome]:
        """Very many usage points with a day each."""
        if wanted & BULK:
            count: int = self.asked.usage_points
            sizes = tuple(sorted({max(1, count // 100), max(1, count // 10), count}))
            one = self.kept(engine, f"wide-{count}", lambda house: utility.wide(house, count, sizes))
            yield from bulk.measure(one, engine, wanted, self.scratch)

    def columns(self, engine: Databases, wanted: frozenset[str]) -> Iterator[Outcome]:
        """Readings that come in columns."""
        if wanted & COLUMNS:
            self.say(f"columns on {engine.engine}")
            yield from arrivals.measure(engine, wanted, self.asked.folder)

    def deep(self, engine: Databases, wanted: frozenset[str]) -> Iterator[Outcome]:
        """Many usage points with months behind them."""
        if "S1" in wanted:
            count, days = self.asked.deep_points, self.asked.days
            yield kept.size(self.kept(engine, f"deep-{count}-{days}", lambda house: utility.deep(house, count, days)))

    def table(self, name: str) -> Table:
        """The figures of one engine."""
        table = Table(*HEADINGS, title=f"{name}, {kind_of_machine()}, load {busy():.1f}")
        for outcome in self.outcomes[name]:
            table.add_row(*outcome.row())
        return table

    def write(self) -> Path:
        """Write all that is known by now as JSON."""
        facts = {
            "machine": kind_of_machine(),
            "load": busy(),
            "memcpy_bytes_a_second": memcpy(),
            "seconds": self.seconds,
            "not_measured": self.why_not,
            "engines": {name: [one.facts() for one in found] for name, found in self.outcomes.items()},
        }
        path: Path = self.asked.json or self.asked.folder / "results.json"
        path.write_text(json.dumps(facts, indent=2))
        return path


def main() -> None:
    """Measure, print tables, write the results."""
    asked = arguments(sys.argv[1:])
    asked.folder = asked.folder.resolve()
    wanted = wanted_of(asked.only)
    run = Run(asked=asked, console=Console(width=180, highlight=False))
    for folder in (asked.folder, run.scratch):
        open_to_all(folder)
    engines = ENGINES if asked.engine == "both" else (asked.engine,)
    try:
        for number, name in enumerate(engines):
            # what needs no database is the same on every one
            run.engine(name, wanted - RENDERING if number else wanted)
    except KeyboardInterrupt:
        run.say("stopped; what is kept in the folder is used again")
    for name, found in run.outcomes.items():
        run.console.print(run.table(name))
        run.console.print(*(bulk.curve(one) for one in found if one.id == "B1"))
    run.say(f"{run.write()} is written")
    if run.why_not:
        sys.exit("\n".join(run.why_not))


if __name__ == "__main__":
    main()
