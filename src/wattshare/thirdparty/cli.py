"""The third party's commands."""

# what is heavy is imported when a command runs, so that help is there at once

import shlex
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wattshare.thirdparty.custodian import Custodian
    from wattshare.thirdparty.tokens import FileTokenStore

app = typer.Typer(no_args_is_help=True)
notices = typer.Typer(no_args_is_help=True, help="Notices: the custodian tells where something new can be fetched.")
scope = typer.Typer(no_args_is_help=True, help="Scope strings.")
app.add_typer(notices, name="notices")
app.add_typer(scope, name="scope")

Config = Annotated[
    Path | None,
    typer.Option("--config", help="TOML or JSON file that describes the custodian.", envvar="WATTSHARE_CUSTODIAN"),
]
Home = Annotated[
    Path,
    typer.Option("--home", help="Home of a sandbox, where there is no --config.", envvar="WATTSHARE_HOME"),
]
Party = Annotated[
    str | None, typer.Option("--third-party", help="Name or user type of one of the sandbox's third parties.")
]
TokenFile = Annotated[Path | None, typer.Option("--tokens", help="File that keeps the tokens, for its owner only.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]


class Pulls(StrEnum):
    """What `pull` brings."""

    READINGS = "readings"
    BILLS = "bills"


class Bulk(StrEnum):
    """What `notices order` orders, of everybody."""

    USAGE = "usage"
    CUSTOMERS = "customers"
    PROGRAMS = "programs"


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
        custodian, store = _whom(config, home, third_party, tokens)
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
        next_one = _again(context, "pull", config, home, third_party, tokens)
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
    as_json: AsJson = False,
) -> None:
    """Bring the usage or the bills of connected customers as CSV. Interrupted, it goes on where it was."""
    from wattshare.thirdparty.client import Client
    from wattshare.thirdparty.errors import ConsentNeeded
    from wattshare.thirdparty.printing import counted, failing, print_json, progress
    from wattshare.thirdparty.printing import out as screen
    from wattshare.thirdparty.pull import Pull, What

    with failing(as_json=as_json):
        custodian, store = _whom(config, home, third_party, tokens)
        whose = tuple(subscription or (kept.subscription for kept in store.every()))
        if not whose:
            raise ConsentNeeded(
                f"No customer is connected: {_again(context, 'connect', config, home, third_party, tokens)}"
            )
        with Client(custodian, store=store) as client:
            first, last = (_day(text, custodian, client.now()) for text in (since, until))
            if last < first:
                raise typer.BadParameter(f"the days end before they begin: {first} to {last}")
            order = Pull(
                client=client,
                subscriptions=whose,
                usage_points=tuple(usage_point or ()),
                since=first,
                until=last,
                out=out,
                what=What(what.value),
            )
            pieces = order.pieces()
            with progress(len(pieces), quiet=as_json) as done:
                pulled = order.run(pieces, done)
    if as_json:
        print_json(
            {
                "out": pulled.out,
                "rows": pulled.rows,
                "usage_points": pulled.usage_points,
                "calls": pulled.calls,
                "kept": pulled.kept,
                "since": order.since,
                "until": order.until,
            }
        )
    else:
        brought = counted(pulled.rows, what.value.removesuffix("s"))
        points = counted(len(pulled.usage_points), "usage point")
        screen.print(f"{brought} of {points}, {order.since} to {order.until}: {out}")


@notices.command("listen")
def listen(
    *,
    config: Config = None,
    home: Home = Path("sandbox"),
    third_party: Party = None,
    tokens: TokenFile = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8766,
    path: Annotated[str | None, typer.Option(help="The only path that is answered.")] = None,
    inbox: Annotated[Path, typer.Option(help="Folder that keeps the notices.")] = Path("inbox"),
    fetch_into: Annotated[Path, typer.Option(help="Folder for what is fetched.")] = Path("fetched"),
    certificate: Annotated[Path | None, typer.Option(help="PEM; plain http without it.")] = None,
    private_key: Annotated[Path | None, typer.Option(help="PEM.")] = None,
    client_ca: Annotated[Path | None, typer.Option(help="Hear only senders with a certificate of this CA.")] = None,
    stop_after: Annotated[int, typer.Option(help="Stop after so many notices; 0: never.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Listen for notices, and fetch what they tell of."""
    from wattshare.thirdparty import listening
    from wattshare.thirdparty.client import Client
    from wattshare.thirdparty.inbox import Inbox
    from wattshare.thirdparty.printing import failing, print_drained, print_heard
    from wattshare.thirdparty.receiver import Reception, server_tls

    with failing(as_json=as_json):
        custodian, store = _whom(config, home, third_party, tokens)
        if (certificate is None) != (private_key is None):
            raise typer.BadParameter("--certificate and --private-key go together")
        tls = server_tls(certificate, private_key, client_ca) if certificate and private_key else None
        with Client(custodian, store=store) as client:
            listening.listen(
                Reception(custodian=custodian, inbox=Inbox(inbox), path=path),
                client,
                host=host,
                port=port,
                tls=tls,
                into=fetch_into,
                stop_after=stop_after,
                heard=lambda address: print_heard(address, as_json=as_json),
                drained=lambda each: print_drained(each, as_json=as_json),
            )


@notices.command("order")
def order(
    *,
    config: Config = None,
    home: Home = Path("sandbox"),
    third_party: Party = None,
    tokens: TokenFile = None,
    since: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD or 30d; none: what is new.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD or 0d.")] = None,
    what: Annotated[Bulk, typer.Option(help="Usage and bills, customers, or programmes.")] = Bulk.USAGE,
    as_json: AsJson = False,
) -> None:
    """Order what everybody shares with you as files; a notice tells where they can be fetched."""
    from wattshare.thirdparty.client import Client
    from wattshare.thirdparty.printing import failing, print_ordered

    with failing(as_json=as_json):
        custodian, store = _whom(config, home, third_party, tokens)
        with Client(custodian, store=store) as client:
            first, last = (_day(text, custodian, client.now()) if text else None for text in (since, until))
            match what:
                case Bulk.USAGE:
                    ordered = client.bulk(first, last)
                case Bulk.CUSTOMERS:
                    ordered = client.bulk_customers()
                case Bulk.PROGRAMS:
                    ordered = client.bulk_programs()
            print_ordered(ordered, as_json=as_json)


@notices.command("fetch")
def fetch(
    *,
    config: Config = None,
    home: Home = Path("sandbox"),
    third_party: Party = None,
    tokens: TokenFile = None,
    inbox: Annotated[Path, typer.Option(help="Folder that keeps the notices.")] = Path("inbox"),
    fetch_into: Annotated[Path, typer.Option(help="Folder for what is fetched.")] = Path("fetched"),
    as_json: AsJson = False,
) -> None:
    """Fetch what the notices in the inbox tell of; for those who receive them with their own server."""
    from wattshare.thirdparty.client import Client
    from wattshare.thirdparty.inbox import Inbox
    from wattshare.thirdparty.printing import failing, print_drained

    with failing(as_json=as_json):
        custodian, store = _whom(config, home, third_party, tokens)
        with Client(custodian, store=store) as client:
            for each in Inbox(inbox).drain(client, fetch_into):
                print_drained(each, as_json=as_json)


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
        connect_next, pull_next = (_again(context, name, None, home, third_party, None) for name in ("connect", "pull"))
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


def _whom(
    config: Path | None, home: Path, third_party: str | None, tokens: Path | None
) -> "tuple[Custodian, FileTokenStore]":
    """The custodian that is meant, and where its tokens are kept."""
    from wattshare.thirdparty.custodian import Custodian
    from wattshare.thirdparty.tokens import FileTokenStore

    if config:
        custodian, beside = Custodian.read(config), config.with_suffix(".tokens.json")
    else:
        custodian = Custodian.from_sandbox(home, third_party)
        beside = home / f"tokens-{custodian.client_id[:8]}.json"
    return custodian, FileTokenStore(tokens or beside)


def _again(
    context: typer.Context, name: str, config: Path | None, home: Path, third_party: str | None, tokens: Path | None
) -> str:
    """Another command about the same custodian and registration, as it can be typed."""
    said = {"--config": config} if config else {"--home": home, "--third-party": third_party}
    options = [part for option, value in {**said, "--tokens": tokens}.items() if value for part in (option, str(value))]
    program = context.find_root().info_name or "wattshare"
    return shlex.join([program, name, *options])


def _day(text: str, custodian: "Custodian", now: datetime) -> date:
    """A day of the utility's calendar, said as such or as so many days back."""
    today = now.astimezone(custodian.profile.zone).date()
    if text.endswith("d") and text[:-1].isascii() and text[:-1].isdigit() and len(text) < 8:
        return today - timedelta(days=int(text[:-1]))
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is neither YYYY-MM-DD nor a number of days such as 30d") from error


def _end(day: datetime | None, custodian: "Custodian") -> int | None:
    """Midnight at the beginning of a day there, as an epoch second."""
    return None if day is None else int(day.replace(tzinfo=custodian.profile.zone).timestamp())
