"""`wattshare imports`: what became of the documents that came."""

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="What became of imported documents.")


@app.command("list")
def list_(
    *,
    home: Annotated[
        Path | None, typer.Option("--home", help="The installation's folder.", envvar="WATTSHARE_HOME")
    ] = None,
    last: Annotated[int, typer.Option(help="How many, from the last one back.", min=1)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print facts as JSON.")] = False,
) -> None:
    """The last documents that came, by command or by the drop folder: taken, known already, or refused and why."""

    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import escape, failing, out, print_json
    from wattshare.custodian.facts import moment

    with failing(as_json=as_json), opened(home) as house, house.store.read() as tx:
        outcomes = tx.imports.outcomes(last)
    facts: list[dict[str, Any]] = [
        {
            "number": one.number,
            "at": moment(one.at),
            "name": one.name,
            "kind": one.kind,
            "state": one.state,
            "digest": one.digest,
            "revision": one.revision,
            "rows": one.report.get("rows", 0),
            "rows_refused": one.report.get("rows_refused", 0),
            "readings": one.report.get("readings"),
            "refused": one.report.get("refused"),
        }
        for one in outcomes
    ]
    if as_json:
        print_json(facts)
        return
    for fact in facts:
        why = f": {fact['refused']['sentence']}" if fact["refused"] else ""
        out.print(escape(f"{fact['at']}  {fact['state']:<8} {fact['kind']:<12} {fact['name']}{why}"))


@app.command("corrections")
def corrections(
    *,
    home: Annotated[
        Path | None, typer.Option("--home", help="The installation's folder.", envvar="WATTSHARE_HOME")
    ] = None,
    usage_point: Annotated[int | None, typer.Option(help="One usage point; all by default.")] = None,
    revision: Annotated[
        int | None, typer.Option(help="What one import replaced, by the revision of its report; all by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print facts as JSON.")] = False,
) -> None:
    """The ledger of readings that were corrected: what each was, what it became, when, why and by which revision."""

    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing
    from wattshare.custodian.cli.replaced import show
    from wattshare.custodian.store.purposes import Purpose

    with failing(as_json=as_json), opened(home) as house, house.store.read(Purpose.UPKEEP) as tx:
        show(tx, usage_point, revision, as_json=as_json)
