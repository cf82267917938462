"""`wattshare db compact`: closing months by hand, with a line a month."""

import re
from calendar import timegm
from dataclasses import asdict

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from wattshare.custodian.cli.printing import err, out, print_json
from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.services.closing import Closing, Step
from wattshare.custodian.store.history import month_after

MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def end_of(month: str) -> int:
    """The second at which a month ends.

    Raises:
        BadRequest: it is none.
    """
    found = MONTH.fullmatch(month)
    if found is None:
        raise BadRequest("Write the month as 2026-03.", field="until")
    return month_after(timegm((int(found[1]), int(found[2]), 1, 0, 0, 0)))


def compact(closing: Closing, until: str | None, *, as_json: bool) -> None:
    """Close what is due, or every month up to one that is over, and print what was moved.

    Raises:
        BadRequest: the month is none, or not over.
    """
    months = closing.due() if until is None else closing.open_months(over(closing, end_of(until)))
    moved: dict[int, Step] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=err, transient=True, disable=as_json or not err.is_terminal) as bar:
            task = bar.add_task("Closing months", total=len(months))
            for step in closing.close(months):
                moved[step.month] = step
                said = f"{step.name}: {step.blocks} days of {step.channels} channels"
                bar.update(task, description=said, completed=len(moved) - 1)
    except KeyboardInterrupt:
        err.print("Interrupted. What was moved is moved; the rest is done by the next run.")
        raise
    finally:
        told(list(moved.values()), as_json=as_json)


def over(closing: Closing, ends: int) -> int:
    """The end of a month that is over.

    Raises:
        BadRequest: it is not.
    """
    if ends > closing.now():
        raise BadRequest("This month is not over.", field="until")
    return ends


def told(steps: list[Step], *, as_json: bool) -> None:
    """What was moved, a line a month."""
    if as_json:
        print_json([asdict(step) | {"month": step.name} for step in steps])
        return
    for step in steps:
        out.print(f"{step.name}: {step.blocks} days of {step.channels} channels")
    if not steps:
        out.print("Nothing is to be closed.")
