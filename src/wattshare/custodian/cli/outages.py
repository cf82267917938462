"""`wattshare outage`: times at which the service will not be there."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Planned outages, which third parties are told of.")

Home = Annotated[Path | None, typer.Option("--home", help="The installation's folder.", envvar="WATTSHARE_HOME")]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]


@app.command()
def add(
    *,
    home: Home = None,
    from_: Annotated[str, typer.Option("--from", help="When it begins: 2024-05-01T07:00:00Z.")],
    to: Annotated[str, typer.Option(help="When it ends.")],
    text: Annotated[str, typer.Option(help="Why, in a sentence for the third parties.")],
    as_json: AsJson = False,
) -> None:
    """Announce an outage: who asks for such notices is told, and the status says 0 while it lasts."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing
    from wattshare.custodian.cli.third_parties import show_facts
    from wattshare.custodian.cli.times import read_moment

    with failing(as_json=as_json), opened(home) as house:
        zone = house.profile.zone
        begins, ends = read_moment(from_, "from", zone) or 0, read_moment(to, "to", zone) or 0
        show_facts(asdict(house.delivery.outages.announce(begins, ends, text)), as_json=as_json)


@app.command("list")
def list_(*, home: Home = None, as_json: AsJson = False) -> None:
    """Outages that are planned or under way."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import escape, failing, out, print_json
    from wattshare.custodian.facts import moment

    with failing(as_json=as_json), opened(home) as house:
        planned = house.delivery.outages.to_come()
    if as_json:
        print_json([asdict(outage) for outage in planned])
        return
    for outage in planned:
        out.print(f"{outage.id}  {moment(outage.begins)} to {moment(outage.ends)}  {escape(outage.text)}")


@app.command()
def drop(outage: Annotated[int, typer.Argument(help="Its number.")], *, home: Home = None) -> None:
    """Take an outage back."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing, out

    with failing(as_json=False), opened(home) as house:
        house.delivery.outages.drop(outage)
    out.print(f"Outage {outage} is taken back.")
