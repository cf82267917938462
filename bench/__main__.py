"""`make bench`: every bar in one run, as ratios to what the machine can do, each checked for being right.

make bench
make bench ARGS="--only R1,F2 --engine postgresql"
make bench ARGS="--usage-points 1000"
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import bulk, intake, others, rendering, stack, utility
from bench.bars import BARS
from bench.databases import Databases, databases, open_to_all
from bench.machine import busy, kind_of_machine, memcpy
from bench.outcome import NotMeasured, Outcome

RENDERING, STACK, BULK = (
    frozenset({"R1", "R2", "R3"}),
    frozenset({"F1", "F2", "F3"}),
    frozenset({"B1", "B2", "B2b", "B3"}),
)
ENGINES = ("sqlite", "postgresql")
COLUMNS = ("bar", "what", "floor", "target", "moonshot", "seen", "reached", "note")


def arguments(told: list[str]) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description="Measure every bar.")
    parser.add_argument("--only", default="", help="bars, such as R1,F2; all of them by default")
    parser.add_argument("--engine", choices=ENGINES, default="sqlite")
    parser.add_argument("--usage-points", type=int, default=100_000, help="of the utility with one day (100000)")
    parser.add_argument("--folder", type=Path, default=Path(".bench"), help="where utilities are kept (.bench)")
    parser.add_argument("--json", type=Path, help="where the results go as JSON (FOLDER/results-ENGINE.json)")
    return parser.parse_args(told)


def wanted_of(text: str) -> frozenset[str]:
    """The bars that are named.

    Raises:
        SystemExit: there is no such bar.
    """
    named = frozenset(filter(None, (part.strip() for part in text.split(","))))
    if unknown := named - BARS.keys():
        sys.exit(f"no such bar: {', '.join(sorted(unknown))}; there are {', '.join(BARS)}")
    return named or frozenset(BARS)


def measured(asked: argparse.Namespace, wanted: frozenset[str], kept: Databases) -> Iterator[Outcome]:
    """The figures, as they are found."""
    folder: Path = asked.folder
    scratch = folder / "scratch"
    open_to_all(scratch)
    if wanted & (RENDERING | STACK | {"I2"}):
        single = utility.prepared(folder, "single", kept, utility.single)
        if wanted & RENDERING:
            yield from (one for one in rendering.measure(single) if one.id in wanted)
        if wanted & STACK:
            yield from stack.measure(single, kept, wanted, scratch)
        if "I2" in wanted:
            yield intake.measure(single, kept, scratch)
    if wanted & BULK:
        count = asked.usage_points
        sizes = tuple(sorted({max(1, count // 100), max(1, count // 10), count}))
        wide = utility.prepared(folder, f"wide-{count}", kept, lambda house: utility.wide(house, count, sizes))
        yield from bulk.measure(wide, kept, wanted, scratch)
    yield from others.measure(wanted)


def main() -> None:
    """Measure, print a table, write the results."""
    asked = arguments(sys.argv[1:])
    wanted, begun, console = wanted_of(asked.only), time.monotonic(), Console(width=180)
    open_to_all(asked.folder)
    outcomes = list[Outcome]()
    try:
        with databases(asked.engine, asked.folder) as kept:
            for outcome in measured(asked, wanted, kept):
                outcomes.append(outcome)
                console.print(f"[bold]{outcome.id}[/bold] {outcome.row()[5]} {outcome.row()[6]}")
    except NotMeasured as why:
        sys.exit(str(why))
    table = Table(*COLUMNS, title=f"{asked.engine}, {kind_of_machine()}, load {busy():.1f}")
    for outcome in outcomes:
        table.add_row(*outcome.row())
    console.print(table)
    facts = {
        "engine": asked.engine,
        "machine": kind_of_machine(),
        "load": busy(),
        "memcpy_bytes_a_second": memcpy(),
        "seconds": time.monotonic() - begun,
        "bars": [outcome.facts() for outcome in outcomes],
    }
    path = asked.json or asked.folder / f"results-{asked.engine}.json"
    path.write_text(json.dumps(facts, indent=2))
    console.print(f"{path} is written; {time.monotonic() - begun:.0f} s in all")


if __name__ == "__main__":
    main()
