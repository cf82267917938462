"""`wattshare customer`: what is done for one at the desk, after a death or for who has to be safe from somebody."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="What is done for one customer at the desk.")

Home = Annotated[Path | None, typer.Option("--home", help="The installation's folder.", envvar="WATTSHARE_HOME")]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Who = Annotated[str, typer.Argument(help="The login, or the number of an account that nobody else holds.")]


@app.command()
def hide(who: Who, *, home: Home = None, as_json: AsJson = False) -> None:
    """Hide the customer's addresses: on pages and receipts, and from apps, delegates and who holds the account too."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing, out, print_json

    with failing(as_json=as_json), opened(home) as house:
        changed = house.hiding.hide(house.hiding.named(who))
    if as_json:
        print_json({"accounts": changed})
    else:
        out.print(f"Accounts with hidden addresses: {changed} more." if changed else "They were hidden already.")


@app.command()
def show(who: Who, *, home: Home = None, as_json: AsJson = False) -> None:
    """Show the customer's addresses again."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing, out, print_json

    with failing(as_json=as_json), opened(home) as house:
        changed = house.hiding.show(house.hiding.named(who))
    if as_json:
        print_json({"accounts": changed})
    else:
        out.print(f"Accounts with hidden addresses: {changed} fewer." if changed else "They were not hidden.")


@app.command("end-sharing")
def end_sharing(who: Who, *, home: Home = None, as_json: AsJson = False) -> None:
    """End all that the customer shares, at once: every permission, every delegate, every session."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing, out, print_json

    with failing(as_json=as_json), opened(home) as house:
        ended = house.hiding.end_all(house.hiding.named(who))
    if as_json:
        print_json({"ended": list(ended)})
    else:
        told = f"Ended: {', '.join(map(str, ended))}." if ended else "Nothing was shared."
        out.print(f"{told} Delegates and sessions have ended too.")
