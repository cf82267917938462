"""The third party's commands of notices: hear them, ask for them, have them told again."""

# what is heavy is imported when a command runs, so that help is there at once

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from wattshare.thirdparty.cli_options import AsJson, Config, Home, Party, TokenFile, day, utc, whom

app = typer.Typer(no_args_is_help=True, help="Notices: the custodian tells where something new can be fetched.")


class Bulk(StrEnum):
    """What `notices order` orders, of everybody."""

    USAGE = "usage"
    CUSTOMERS = "customers"
    PROGRAMS = "programs"


@app.command("listen")
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
    from wattshare.thirdparty.printing import failing, print_drained, print_heard, print_refused
    from wattshare.thirdparty.receiver import Reception, server_tls

    with failing(as_json=as_json):
        custodian, store = whom(config, home, third_party, tokens)
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
                refused=lambda why: print_refused(why, as_json=as_json),
            )


@app.command("fetch")
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
        custodian, store = whom(config, home, third_party, tokens)
        with Client(custodian, store=store) as client:
            for each in Inbox(inbox).drain(client, fetch_into):
                print_drained(each, as_json=as_json)


@app.command("order")
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
        custodian, store = whom(config, home, third_party, tokens)
        with Client(custodian, store=store) as client:
            first, last = (day(text, custodian, client.now()) if text else None for text in (since, until))
            match what:
                case Bulk.USAGE:
                    ordered = client.bulk(first, last)
                case Bulk.CUSTOMERS:
                    ordered = client.bulk_customers()
                case Bulk.PROGRAMS:
                    ordered = client.bulk_programs()
            print_ordered(ordered, as_json=as_json)


@app.command("list")
def list_(
    *,
    config: Config = None,
    home: Home = Path("sandbox"),
    third_party: Party = None,
    tokens: TokenFile = None,
    since: Annotated[datetime | None, typer.Option(help="From that time on, UTC.")] = None,
    as_json: AsJson = False,
) -> None:
    """What the custodian told, and every try: its ledger of this third party's notices."""
    from wattshare.thirdparty.client import Client
    from wattshare.thirdparty.ledger import Ledger
    from wattshare.thirdparty.printing import failing, print_json, print_noticed

    with failing(as_json=as_json):
        custodian, store = whom(config, home, third_party, tokens)
        with Client(custodian, store=store) as client:
            found = list(Ledger(client).notices(since=utc(since)))
    if as_json:
        print_json(found)
    else:
        for each in found:
            print_noticed(each)


@app.command("show")
def show(
    notice: Annotated[str, typer.Argument(help="Its id, as in webhook-id.")],
    *,
    config: Config = None,
    home: Home = Path("sandbox"),
    third_party: Party = None,
    tokens: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """One notice with every try to tell it."""
    from wattshare.thirdparty.client import Client
    from wattshare.thirdparty.ledger import Ledger
    from wattshare.thirdparty.printing import failing, print_json, print_noticed

    with failing(as_json=as_json):
        custodian, store = whom(config, home, third_party, tokens)
        with Client(custodian, store=store) as client:
            found = Ledger(client).notice(notice)
    if as_json:
        print_json(found)
    else:
        print_noticed(found, tries=True)


@app.command("replay")
def replay(
    notice: Annotated[str | None, typer.Argument(help="Its id; or name a time.")] = None,
    *,
    config: Config = None,
    home: Home = Path("sandbox"),
    third_party: Party = None,
    tokens: TokenFile = None,
    since: Annotated[datetime | None, typer.Option(help="Those from that time on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Those before that time, UTC.")] = None,
    as_json: AsJson = False,
) -> None:
    """Have a notice told again, or those of a time; where a file is gone, its window is ordered again."""
    from wattshare.thirdparty.client import Client
    from wattshare.thirdparty.ledger import Ledger
    from wattshare.thirdparty.printing import failing, out, print_json

    if (notice is None) == (since is None):
        raise typer.BadParameter("name a notice, or --since")
    with failing(as_json=as_json):
        custodian, store = whom(config, home, third_party, tokens)
        with Client(custodian, store=store) as client:
            ledger, begins = Ledger(client), utc(since)
            replayed = [ledger.replay(notice)] if notice else []
            if begins is not None:
                replayed = ledger.replay_since(begins, utc(until))
    if as_json:
        print_json(replayed)
    else:
        for each in replayed:
            out.print(f"{each['id']}  {each['outcome']}")


@app.command("catch-up")
def catch_up(
    *,
    config: Config = None,
    home: Home = Path("sandbox"),
    third_party: Party = None,
    tokens: TokenFile = None,
    inbox: Annotated[Path, typer.Option(help="Folder that keeps the notices.")] = Path("inbox"),
    fetch_into: Annotated[Path, typer.Option(help="Folder for what is fetched.")] = Path("fetched"),
    since: Annotated[datetime | None, typer.Option(help="Nothing before that time, UTC.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask for every notice since the last time, and fetch what they tell of; for those who have no address for them."""
    from wattshare.thirdparty.client import Client
    from wattshare.thirdparty.inbox import Inbox
    from wattshare.thirdparty.ledger import Ledger
    from wattshare.thirdparty.printing import failing, print_drained

    with failing(as_json=as_json):
        custodian, store = whom(config, home, third_party, tokens)
        with Client(custodian, store=store) as client:
            box = Inbox(inbox)
            Ledger(client).catch_up(box, since=utc(since))
            for each in box.drain(client, fetch_into):
                print_drained(each, as_json=as_json)
