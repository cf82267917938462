"""`wattshare funnel`: where customers give up, as a table, as JSON or as CSV."""

import csv
import io
from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any

import typer

from wattshare.custodian.cli.printing import out, print_json
from wattshare.custodian.model.funnel import FEWEST, GIVEN_UP, MEANT, Step, Told
from wattshare.custodian.services.funnel import Funnel

WORDS = {
    **{step.label: MEANT[step] for step in Step},
    "decided": "the customer said yes or no",
    "declined": "the customer said no",
    "open": "still on its way",
    **{
        f"abandoned_{name}": f"{step.label} and went no further, until the request's time was over"
        for step, name in GIVEN_UP.items()
    },
}


def show(
    funnel: Funnel,
    first: date | None,
    last: date | None,
    app: str | None,
    *,
    every: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print what is counted of the requests that arrived on these days.

    Raises:
        BadRequest: the days end before they begin.
        Unknown: there is no such app.
    """
    told = funnel.report(first, last, app, every=every)
    first, last = funnel.stretch(first, last)
    if as_json:
        print_json(facts(told, first, last, app, every=every))
    elif as_csv:
        typer.echo(table(told, first, last), nl=False)
    else:
        print_lines(told, first, last)


def facts(told: Iterable[Told], first: date, last: date, app: str | None, *, every: bool) -> dict[str, Any]:
    """The report for a program: a count that is left out is null."""
    return {
        "from": str(first),
        "to": str(last),
        "app": app,
        "suppressed_under": None if every else FEWEST,
        "meaning": WORDS,
        "rows": [
            {
                "by": line.dimension.value if line.dimension else None,
                "value": line.value if line.dimension else None,
                "reached": dict(line.reached),
                "abandoned": dict(line.abandoned),
            }
            for line in told
        ],
    }


def table(told: Iterable[Told], first: date, last: date) -> str:
    """The report for a spreadsheet: a count that is left out is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["from", "to", "by", "value", *WORDS])
    for line in told:
        cells = line.cells
        counts = ["" if cells[name] is None else cells[name] for name in WORDS]
        writer.writerow([first, last, line.dimension or "", spelled(line.value), *counts])
    return text.getvalue()


def spelled(value: str) -> str:
    """A name as a cell: a spreadsheet takes what begins like a formula for one."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@") else value


def print_lines(told: Iterable[Told], first: date, last: date) -> None:
    """The report for a person: a column a line, a row a count."""
    out.print(f"Requests that arrived from {first} to {last}", style="bold")
    for dimension, grouped in groupby(told, key=lambda line: line.dimension):
        lines = list(grouped)
        heads = [(line.value or "none yet")[:18] if dimension else "all" for line in lines]
        head = f"\n{f'by {dimension}' if dimension else '':<36}" + "".join(f"{name:>20}" for name in heads)
        out.print(head, markup=False, style="bold")
        for name in WORDS:
            counts = (line.cells[name] for line in lines)
            figures = "".join(f"{f'under {FEWEST}' if count is None else count:>20}" for count in counts)
            out.print(f"{name.replace('_', ' '):<36}{figures}", markup=False)
