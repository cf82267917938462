"""`wattshare authorization`: permissions without OAuth, and a look at all of them."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="Authorizations of customers to third parties.")

Home = Annotated[Path | None, typer.Option("--home", help="The installation's folder.", envvar="WATTSHARE_HOME")]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]


@app.command()
def add(
    *,
    home: Home = None,
    third_party: Annotated[str, typer.Option(help="The third party's name.")],
    usage_point: Annotated[
        list[int], typer.Option(help="A usage point; more than one may be named.", min=1, max=10**10 - 1)
    ],
    kinds: Annotated[str | None, typer.Option(help="usage,billing,basic,account,program_enrollment.")] = None,
    until: Annotated[datetime | None, typer.Option(help="The last day of sharing.", formats=["%Y-%m-%d"])] = None,
    as_json: AsJson = False,
) -> None:
    """Write down a consent that was given on paper, or a customer's access to their own data."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.kinds import read_kinds
    from wattshare.custodian.cli.printing import escape, failing, out, print_json

    with failing(as_json=as_json), opened(home) as house:
        made = house.consent.add_offline(
            third_party,
            tuple(dict.fromkeys(usage_point)),
            None if kinds is None else read_kinds(kinds, "kinds"),
            None if until is None else until.date(),
        )
        facts = [house.authorization_facts(held.id) for held in made]
    if as_json:
        print_json(facts)
        return
    for fact in facts:
        out.print(f"Authorization {fact['id']}: {escape(fact['scope'])}")


@app.command("list")
def list_(
    *,
    home: Home = None,
    third_party: Annotated[str | None, typer.Option(help="One third party's only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every authorization, ended ones too."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import escape, failing, out, print_json

    with failing(as_json=as_json), opened(home) as house:
        facts = house.every_authorization(third_party)
    if as_json:
        print_json(facts)
        return
    for fact in facts:
        out.print(escape(line(fact)))


@app.command()
def revoke(
    authorization_id: Annotated[int, typer.Argument(help="The authorization's id.", min=1, max=2**63 - 1)],
    *,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """End an authorization at once; the third party is told."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import escape, failing, out, print_json
    from wattshare.custodian.model.authorization import Ending

    with failing(as_json=as_json), opened(home) as house:
        # first whether there is such a one: a third party is not told that, the operator is
        house.authorization_facts(authorization_id)
        house.consent.withdraw(authorization_id, Ending.OPERATOR)
        facts = house.authorization_facts(authorization_id)
    if as_json:
        print_json(facts)
        return
    out.print(escape(line(facts)))


def line(fact: dict[str, Any]) -> str:
    """An authorization on one line."""
    kinds = ", ".join(fact["kinds"])
    return f"{fact['id']}  {fact['state']:9}  {fact['third_party']}  {fact['entry']}  {kinds}"
