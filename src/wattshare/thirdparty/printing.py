"""How the third party's commands print: facts for people, or the same facts as JSON."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from wattshare.espi.explain import Explanation
from wattshare.espi.wire import Malformed
from wattshare.thirdparty.client import Ordered
from wattshare.thirdparty.errors import Failed, Refused
from wattshare.thirdparty.inbox import Drained
from wattshare.thirdparty.orders import OrderStatus
from wattshare.thirdparty.pull import Piece, Pull, Pulled
from wattshare.thirdparty.recorder import Exchange, path_of
from wattshare.thirdparty.tour import Step

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(facts: Mapping[str, Any] | list[Any]) -> None:
    """Facts on standard output, for a program."""
    typer.echo(json.dumps(facts, indent=1, ensure_ascii=False, default=str))


@contextmanager
def failing(*, as_json: bool) -> Iterator[None]:
    """What goes wrong on purpose becomes a sentence and the exit code 1; what is tried again says so meanwhile."""
    set_on_retry_hooks([print_retry])
    try:
        yield
    except (Failed, Malformed) as error:
        if as_json:
            print_json(told(error))
        else:
            err.print(f"[red]{escape(str(error))}[/red]")
        raise typer.Exit(1) from error


def print_retry(details: RetryDetails) -> None:
    """What is tried again, and when: on standard error, as facts may be on the other."""
    err.print(f"{escape(str(details.caused_by).rstrip('.'))}; trying again in {details.wait_for:.1f} s", style="yellow")


def told(error: Failed | Malformed) -> dict[str, Any]:
    """An error as facts."""
    facts: dict[str, Any] = {"error": type(error).__name__, "sentence": str(error)}
    if isinstance(error, Refused):
        cause = error.cause
        facts |= {"status": cause.status, "field": cause.field, "correlation_id": cause.correlation_id}
    return facts


def print_step(step: Step) -> None:
    """A step of the tour: what was sent, what came back, what it came to."""
    out.print(f"\n[bold]{step.number}. {escape(step.title)}[/bold]")
    for exchange in step.exchanges:
        print_exchange(exchange)
    out.print(f"   [green]{escape(step.outcome)}[/green]")


def print_exchange(exchange: Exchange) -> None:
    """One request and its answer, a few lines."""
    out.print(f"   [cyan]→ {exchange.method} {escape(path_of(exchange.url))}[/cyan]")
    for name, value in exchange.sent.items():
        out.print(f"     {escape(name)}: {escape(value)}", style="dim")
    answered = " ".join((str(exchange.status), *exchange.came.values()))
    out.print(f"   [magenta]← {escape(answered)}[/magenta]")
    if exchange.body:
        out.print(f"     {escape(exchange.body)}", style="dim")


@contextmanager
def progress(pieces: int, *, quiet: bool) -> Iterator[Callable[[Piece, int], None]]:
    """A bar over the pieces of a pull, on standard error; nothing at all where it is quiet."""
    if quiet:
        yield lambda _piece, _rows: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("Asking", total=pieces)

        def done(piece: Piece, rows: int) -> None:
            bar.update(task, advance=1, description=f"{piece.usage_point} {piece.until}: {rows} rows")

        yield done


def print_pulled(pulled: Pulled, asked: Pull, *, as_json: bool) -> None:
    """What a pull brought, and where it is."""
    if as_json:
        print_json({**vars(pulled), "since": asked.since, "until": asked.until})
        return
    brought = counted(pulled.rows, asked.what.value.removesuffix("s"))
    points = counted(len(pulled.usage_points), "usage point")
    out.print(f"{brought} of {points}, {asked.since} to {asked.until}: {asked.out}")


def print_ordered(ordered: Ordered, *, as_json: bool) -> None:
    """What was ordered."""
    if as_json:
        print_json({"url": ordered.url, "transaction": ordered.transaction, "correlation_id": ordered.correlation_id})
    else:
        out.print(f"Ordered {escape(ordered.url)}. A notice tells where it can be fetched: wattshare notices listen")


def print_followed(status: OrderStatus, *, quiet: bool) -> None:
    """How far an order is, on standard error."""
    if not quiet:
        of = "" if status.of is None else f", {status.done} of {status.of}"
        err.print(f"Order {status.id}: {status.state}{of}")


def counted(number: int, word: str) -> str:
    """A number and its word, which ends in s where there are several."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def print_heard(address: str, *, as_json: bool) -> None:
    """Where notices are heard, once they are."""
    if as_json:
        typer.echo(json.dumps({"listening": address}))
    else:
        err.print(f"Listening for notices at {address}")


def print_refused(why: str, *, as_json: bool) -> None:
    """A sender with whom no connection came about, or a notice that was not taken."""
    if as_json:
        typer.echo(json.dumps({"refused": why}))
    else:
        err.print(f"[red]{escape(why)}[/red]")


def print_noticed(told: dict[str, Any], *, tries: bool = False) -> None:
    """A notice of the ledger: a line, and one for each try."""
    count = counted(len(told["attempts"]), "try").replace("trys", "tries")
    out.print(f"{told['id']}  {told['state']:8}  {told['kind']:21}  {count}")
    for url in told["resources"] if tries else ():
        out.print(f"  {escape(url)}")
    for one in told["attempts"] if tries else ():
        answered = one["status"] or one["cause"]
        at = datetime.fromtimestamp(one["at"], UTC)
        out.print(f"  {at:%Y-%m-%dT%H:%M:%SZ}  {answered}  {one['milliseconds']} ms")


def print_drained(drained: Drained | Failed, *, as_json: bool) -> None:
    """What became of one address; a line each, as JSON too."""
    if as_json:
        facts = told(drained) if isinstance(drained, Failed) else asdict(drained)
        typer.echo(json.dumps(facts, default=str, ensure_ascii=False))
    elif isinstance(drained, Failed):
        err.print(f"[red]{escape(str(drained))}[/red]; it is tried again")
    else:
        where = f" → {drained.file}" if drained.file else f" {drained.detail}"
        out.print(f"{drained.outcome:8} {escape(drained.url)}{escape(where)}")


def print_explanation(explanation: Explanation) -> None:
    """A scope string in words, part by part."""
    parts = {
        "It asks for": explanation.asked,
        "What can be granted": explanation.granted,
        "Dropped": explanation.dropped,
        "Mind": explanation.warnings,
    }
    for title, sentences in parts.items():
        if sentences:
            out.print(f"[bold]{title}[/bold]")
        for each in sentences:
            out.print(f"  {escape(each.term):32} {escape(each.sentence)}")
    if explanation.scope:
        out.print(f"[bold]As it is printed[/bold]\n  {escape(explanation.scope)}")
