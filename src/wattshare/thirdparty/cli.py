"""The third party's commands."""

# what is heavy is imported when a command runs, so that help is there at once

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattshare.thirdparty import cli_notices, cli_receipts
from wattshare.thirdparty.cli_options import AsJson, Config, Home, Party, TokenFile, again, day, whom

if TYPE_CHECKING:
    from wattshare.thirdparty.custodian import Custodian
    from wattshare.thirdparty.pull import Pull, Pulled

app = typer.Typer(no_args_is_help=True)
scope = typer.Typer(no_args_is_help=True, help="Scope strings.")
app.add_typer(cli_notices.app, name="notices")
app.add_typer(cli_receipts.app, name="receipt")
app.add_typer(scope, name="scope")


class Pulls(StrEnum):
    """What `pull` brings."""

    READINGS = "readings"
    BILLS = "bills"


@app.command()
def connect(
    context: typer.Context,
    *,
    config: Config = None,
    home: Home = Path("sandbox"),
    third_party: Party = None,
    tokens: TokenFile = None,
    redirect_uri: Annotated[str | None, typer.Option(help="A registered redirect URI.")] = None,
    min_end: Annotated[datetime | None, typer.Option(help="The end may not be earlier.", formats=["%Y-%m-%d"])] = None,
    preferred_end: Annotated[datetime | None, typer.Option(help="The end to show.", formats=["%Y-%m-%d"])] = None,
    guest: Annotated[bool, typer.Option("--guest", help="Open the page for those without a login.")] = False,
    pkce: Annotated[bool, typer.Option("--pkce", help="Send a PKCE challenge.")] = False,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    customer: Annotated[
        str | None, typer.Option(help="A sandbox's customer, by login, agrees without a screen.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Connect a customer: open the consent page, and keep the tokens that come of it."""
    from wattshare.thirdparty import connecting
    from wattshare.thirdparty.client import Client
    from wattshare.thirdparty.connect import begin
    from wattshare.thirdparty.printing import failing, out, print_json

    with failing(as_json=as_json):
        custodian, store = whom(config, home, third_party, tokens)
        journey = begin(
            custodian,
            redirect_uri=redirect_uri,
            min_end=_end(min_end, custodian),
            preferred_end=_end(preferred_end, custodian),
            guest=guest,
            pkce=pkce,
        )
        with Client(custodian, store=store) as client:
            if customer:
                connected = connecting.without_screen(client, journey, home, customer)
            else:
                connected = connecting.with_browser(client, journey, open_browser=browser, quiet=as_json)
        facts = {"subscription": connected.subscription, "scope": connected.scope, "tokens": store.path}
    if as_json:
        print_json(facts)
    else:
        out.print(f"Connected: authorization {connected.subscription}\nScope: {connected.scope}")
        next_one = again(context, "pull", config, home, third_party, tokens)
        out.print(f"Tokens are in {store.path}. Next: {next_one} --out usage.csv", markup=False)


@app.command()
def pull(
    context: typer.Context,
    *,
    config: Config = None,
    home: Home = Path("sandbox"),
    third_party: Party = None,
    tokens: TokenFile = None,
    subscription: Annotated[list[str] | None, typer.Option(help="Authorization; all that are connected.")] = None,
    usage_point: Annotated[list[str] | None, typer.Option(help="Usage point; all of the authorization.")] = None,
    since: Annotated[str, typer.Option(help="First day, YYYY-MM-DD, or so many days back: 30d.")] = "30d",
    until: Annotated[str, typer.Option(help="Last day, YYYY-MM-DD, or so many days back: 0d.")] = "0d",
    what: Annotated[Pulls, typer.Option(help="Readings, or bills.")] = Pulls.READINGS,
    out: Annotated[Path, typer.Option(help="The CSV file; it appears when it is whole.")] = Path("usage.csv"),
    by_order: Annotated[
        bool, typer.Option("--order", help="Order files and follow the orders; for custodians with a page for them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the usage or the bills of connected customers as CSV. Interrupted, it goes on where it was."""
    from wattshare.thirdparty.client import Client
    from wattshare.thirdparty.errors import ConsentNeeded
    from wattshare.thirdparty.printing import failing, print_pulled
    from wattshare.thirdparty.pull import Pull, What

    with failing(as_json=as_json):
        custodian, store = whom(config, home, third_party, tokens)
        whose = tuple(subscription or (kept.subscription for kept in store.every()))
        if not whose:
            raise ConsentNeeded(
                f"No customer is connected: {again(context, 'connect', config, home, third_party, tokens)}"
            )
        with Client(custodian, store=store) as client:
            first, last = (day(text, custodian, client.now()) for text in (since, until))
            if last < first:
                raise typer.BadParameter(f"the days end before they begin: {first} to {last}")
            asked = Pull(
                client=client,
                subscriptions=whose,
                usage_points=tuple(usage_point or ()),
                since=first,
                until=last,
                out=out,
                what=What(what.value),
            )
            pulled = _brought(asked, by_order=by_order, quiet=as_json)
    print_pulled(pulled, asked, as_json=as_json)


def _brought(asked: "Pull", *, by_order: bool, quiet: bool) -> "Pulled":
    """Call after call, or by files that are ordered; how far it is is said on the screen."""
    from wattshare.thirdparty.printing import print_followed, progress
    from wattshare.thirdparty.pull_order import OrderedPull

    if by_order:
        return OrderedPull.of(asked).run(lambda status: print_followed(status, quiet=quiet))
    pieces = asked.pieces()
    with progress(len(pieces), quiet=quiet) as done:
        return asked.run(pieces, done)


@app.command()
def tour(
    context: typer.Context,
    *,
    home: Home = Path("sandbox"),
    third_party: Annotated[str, typer.Option(help="Name or user type of the third party.")] = "standard",
    customer: Annotated[str | None, typer.Option(help="Login or household of the customer.")] = None,
    as_json: AsJson = False,
) -> None:
    """Walk through a running sandbox: each step of a third party, what is sent and what comes back."""
    from dataclasses import asdict

    from wattshare.thirdparty.printing import failing, out, print_json, print_step
    from wattshare.thirdparty.tour import Tour

    taken = []
    with failing(as_json=as_json):
        walked = Tour(home=home, third_party=third_party, customer=customer)
        try:
            for step in walked.walk():
                taken.append(asdict(step))
                if not as_json:
                    print_step(step)
        finally:
            walked.close()
    if as_json:
        print_json({"steps": taken})
    else:
        connect_next, pull_next = (again(context, name, None, home, third_party, None) for name in ("connect", "pull"))
        out.print(f"\nThat was all. Next: {connect_next}, then {pull_next} --out usage.csv", markup=False)


@scope.command("explain")
def explain(
    text: Annotated[str, typer.Argument(help='The scope string: "FB=…"')],
    *,
    profile: Annotated[str, typer.Option(help="PGE or STANDARD.")] = "PGE",
    as_json: AsJson = False,
) -> None:
    """Say a scope string in words: what it asks for, what can be granted, what is dropped and why."""
    from dataclasses import asdict

    from wattshare.espi.explain import explain as explained
    from wattshare.espi.profile import PROFILES
    from wattshare.thirdparty.printing import print_explanation, print_json

    if profile not in PROFILES:
        raise typer.BadParameter(f"known profiles: {', '.join(PROFILES)}", param_hint="--profile")
    explanation = explained(text, profile=PROFILES[profile])
    if as_json:
        print_json(asdict(explanation))
    else:
        print_explanation(explanation)


def _end(day: datetime | None, custodian: "Custodian") -> int | None:
    """Midnight at the beginning of a day there, as an epoch second."""
    return None if day is None else int(day.replace(tzinfo=custodian.profile.zone).timestamp())
