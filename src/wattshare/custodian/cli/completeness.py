"""`wattshare completeness`: what is missing, as a table or as JSON."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date
from itertools import groupby
from typing import Any

import typer

from wattshare.custodian.cli.printing import out
from wattshare.custodian.model.completeness import Counts, in_total
from wattshare.custodian.services.completeness import Completeness, Whole

COUNTED = ("expected", "received", "missing", "estimated", "corrected", "late")
# no longer stretch is shown day by day
LONG = 62


def show(
    completeness: Completeness,
    usage_point: int | None,
    account: str | None,
    first: date | None,
    last: date | None,
    *,
    as_json: bool,
) -> None:
    """Print what is there of the days that are asked for.

    Raises:
        BadRequest: the days end before they begin.
        Unknown: there is no such usage point or account.
    """
    first, last = completeness.stretch(first, last)
    points = completeness.points(usage_point, account)
    found = completeness.of(points, first, last)
    # of a whole utility, a line a channel
    by_days = usage_point is not None or account is not None
    if as_json:
        print_as_json(found, by_days=by_days)
        return
    out.print(row_of("usage point", "channel", "days", *COUNTED), style="bold")
    for whole in found:
        for name, counts in lines(whole, by_days=by_days):
            figures = ("?" if counts.expected is None else str(counts.expected), *of(counts)[1:])
            line = row_of(str(whole.channel.usage_point_id), str(whole.channel.number), name, *figures)
            out.print(line, style="yellow" if counts.missing else None)


def row_of(point: str, channel: str, days: str, *figures: str) -> str:
    """A line of the table: it stays one where the terminal is narrow, or a file."""
    return f"{point:<12}{channel:<9}{days:<26}" + "".join(f"{figure:>11}" for figure in figures)


def lines(whole: Whole, *, by_days: bool) -> Iterator[tuple[str, Counts]]:
    """What a channel's lines are named, and their counts: days, months where there are many, or all in one."""
    days = whole.days
    if not by_days:
        yield f"{days[0][0]} to {days[-1][0]}", whole.total
    elif len(days) <= LONG:
        yield from ((str(day), counts) for day, counts in days)
    else:
        for month, counted in groupby(days, key=lambda pair: f"{pair[0]:%Y-%m}"):
            yield month, in_total(counts for _, counts in counted)


def of(counts: Counts) -> list[str]:
    """The figures of a line."""
    return [str(getattr(counts, name)) for name in COUNTED]


def print_as_json(found: Iterable[Whole], *, by_days: bool) -> None:
    """A list, a channel at a time: a utility's does not have to fit into memory."""
    opening = "["
    for whole in found:
        typer.echo(opening, nl=opening == "[")
        typer.echo(json_of(whole, by_days=by_days), nl=False)
        opening = ",\n"
    typer.echo("[]" if opening == "[" else "\n]")


def json_of(whole: Whole, *, by_days: bool) -> str:
    """One channel."""
    told: dict[str, Any] = {
        "usage_point": whole.channel.usage_point_id,
        "channel": whole.channel.number,
        "reading_type": whole.channel.reading_type_id,
        "from": str(whole.days[0][0]),
        "to": str(whole.days[-1][0]),
        **asdict(whole.total),
    }
    if by_days:
        told["days"] = [{"day": str(day), **asdict(counts)} for day, counts in whole.days]
    return json.dumps(told)
