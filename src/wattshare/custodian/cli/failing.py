"""What goes wrong in a command, as a sentence. By itself, since who stays, as a worker, has nothing else to print."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from sqlalchemy.exc import ProgrammingError

from wattshare.custodian.formats.tables.mapping import BadMapping
from wattshare.custodian.installation import NotReady
from wattshare.custodian.model.errors import Refusal
from wattshare.custodian.settings import BadSettings
from wattshare.custodian.store import postgresql
from wattshare.custodian.store.keys import BadKeys
from wattshare.custodian.store.readiness import BadDatabase


def print_json(facts: Any) -> None:
    """Facts on standard output, for a program."""
    typer.echo(json.dumps(facts, indent=1, ensure_ascii=False))


@contextmanager
def failing(*, as_json: bool) -> Iterator[None]:
    """What went wrong becomes a sentence that names the field, and the exit code 1."""
    try:
        yield
    except Refusal as refusal:
        # the operator may read what a caller from outside may not
        sentence = refusal.logged or refusal.told
        told = {"error": type(refusal).__name__, "sentence": sentence, "field": refusal.field}
        fail(f"{refusal.field}: {sentence}" if refusal.field else sentence, told, as_json=as_json)
    except (BadSettings, BadKeys, BadDatabase, BadMapping, NotReady) as why:
        fail(str(why), {"error": type(why).__name__, "sentence": str(why)}, as_json=as_json)
    # a database whose rights somebody set by hand
    except ProgrammingError as why:
        words = postgresql.denied(why)
        if words is None:
            raise
        sentence = f"{words}; the role of database_url needs it: docs/postgresql.md"
        fail(sentence, {"error": "Denied", "sentence": sentence, "field": "database_url"}, as_json=as_json)
    # a full disk, a folder that is closed to us, a port that is taken
    except OSError as why:
        sentence = f"{why.filename}: {why.strerror}" if why.filename else str(why.strerror or why)
        fail(sentence, {"error": type(why).__name__, "sentence": sentence}, as_json=as_json)


def fail(sentence: str, told: dict[str, Any], *, as_json: bool) -> None:
    """Print and leave."""
    if as_json:
        print_json(told)
    else:
        from wattshare.custodian.cli.printing import err, escape

        err.print(f"[red]{escape(sentence)}[/red]")
    raise typer.Exit(1)
