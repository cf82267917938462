"""`wattshare intake`: what is said of taking in, beside the files."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Intake: what is said of it beside the files.")

Home = Annotated[Path | None, typer.Option("--home", help="The installation's folder.", envvar="WATTSHARE_HOME")]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]


@app.command()
def close(*, home: Home = None, as_json: AsJson = False) -> None:
    """All of today is taken in: begin the daily deltas at once, without waiting for their time."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing, out, print_json

    with failing(as_json=as_json), opened(home) as house:
        begun = house.delivery.deltas.close()
    if as_json:
        print_json({"begun": begun})
    else:
        out.print(f"{begun} deltas begun." if begun else "Today's deltas have begun already, or nobody wants any.")
