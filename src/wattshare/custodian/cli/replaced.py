"""`wattshare imports corrections`: the ledger of readings that were replaced, a line for each."""

import json
from collections.abc import Iterator
from typing import Any

import typer

from wattshare.custodian.cli.printing import escape, out
from wattshare.custodian.facts import moment
from wattshare.custodian.model.changes import Correction
from wattshare.custodian.model.errors import Unknown
from wattshare.custodian.model.readings import Reading
from wattshare.custodian.store.database import Tx

SAID = ("value", "duration", "quality", "cost", "tou", "tier", "cpp")


def show(tx: Tx, usage_point: int | None, revision: int | None, *, as_json: bool) -> None:
    """Print what was replaced, and by what: of one usage point or all, by one revision or all of them.

    Raises:
        Unknown: there is no such usage point, or no such revision yet.
    """
    facts = _facts(tx, _points(tx, usage_point, revision), revision)
    if as_json:
        _print_as_json(facts)
        return
    for fact in facts:
        old, new = ({name: fact[side][name] for name in SAID} for side in ("old", "new"))
        changes = (f"{name} {_said(old[name])} → {_said(new[name])}" for name in SAID if old[name] != new[name])
        where = f"{fact['usage_point']}  channel {fact['channel']}  {fact['start']}"
        why = f"revision {fact['revision']}, {fact['at']}, {fact['reason']}"
        out.print(escape(f"{where}: {', '.join(changes)}  ({why})"))


def _points(tx: Tx, usage_point: int | None, revision: int | None) -> tuple[int, ...]:
    """The usage points of which something was replaced, or the one that is asked for."""
    if revision is not None and not 0 < revision <= tx.revisions.last():
        raise Unknown(f"There is no revision {revision}.", field="revision")
    if usage_point is not None:
        if tx.customers.usage_point(usage_point) is None:
            raise Unknown("There is no such usage point.", field="usage_point")
        return (usage_point,)
    after, last = (0, tx.revisions.last()) if revision is None else (revision - 1, revision)
    return tuple(sorted(tx.corrections.between(after, last)))


def _facts(tx: Tx, points: tuple[int, ...], revision: int | None) -> Iterator[dict[str, Any]]:
    for point in points:
        for entry in tx.readings.corrections(point, after=0 if revision is None else revision - 1):
            if revision is None or entry.revision == revision:
                yield from _of(entry)


def _of(entry: Correction) -> Iterator[dict[str, Any]]:
    """The readings of one entry of the ledger."""
    for old, new in zip(entry.old, entry.new, strict=True):
        yield {
            "usage_point": entry.usage_point_id,
            "channel": entry.channel,
            "start": moment(new.start),
            "old": _reading(old),
            "new": _reading(new),
            "reason": entry.reason,
            "revision": entry.revision,
            "at": moment(entry.at),
        }


def _reading(reading: Reading) -> dict[str, Any]:
    """What a correction may change, in the numbers that feeds have."""
    return {name: getattr(reading, name) for name in SAID} | {"quality": list(reading.quality)}


def _said(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _print_as_json(facts: Iterator[dict[str, Any]]) -> None:
    """A list, a reading at a time: a large correction does not have to fit into memory."""
    opening = "["
    for fact in facts:
        typer.echo(opening, nl=opening == "[")
        typer.echo(json.dumps(fact), nl=False)
        opening = ",\n"
    typer.echo("[]" if opening == "[" else "\n]")
