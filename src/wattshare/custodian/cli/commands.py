"""The operator's commands. What is heavy is imported when a command runs, so that help is there at once."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from wattshare.custodian.cli import (
    authorizations,
    closing,
    customers,
    importing,
    messages,
    notices,
    outages,
    outcomes,
    sandboxes,
    third_parties,
)

app = typer.Typer(no_args_is_help=True)
db = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(db, name="db")
app.add_typer(third_parties.app, name="third-party")
app.add_typer(authorizations.app, name="authorization")
app.add_typer(customers.app, name="customer")
app.add_typer(outcomes.app, name="imports")
app.add_typer(notices.app, name="notices")
app.add_typer(outages.app, name="outage")
app.add_typer(messages.app, name="messages")
app.add_typer(closing.app, name="intake")
app.add_typer(sandboxes.app, name="sandbox")

Home = Annotated[Path | None, typer.Option("--home", help="The installation's folder.", envvar="WATTSHARE_HOME")]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]


@app.command()
def init(*, home: Home = None) -> None:
    """Make the keys of a new installation and its database."""
    from wattshare.custodian.cli.printing import failing, out
    from wattshare.custodian.installation import KEYS, settings_of, upgrade
    from wattshare.custodian.store.keys import BadKeys, Keys

    with failing(as_json=False):
        settings = settings_of(home)
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = settings.home / KEYS
        fresh = not path.exists()
        if fresh:
            Keys.make(path)
        try:
            upgrade(settings, anew=True)
        except BadKeys:
            # a database that was made with others: fresh keys would only hide that they are gone
            if fresh:
                path.unlink()
            raise
    out.print(f"{settings.home} is ready. Keep keys.json apart from backups of the database.")


@app.command()
def serve(*, home: Home = None) -> None:
    """Serve the API and the customers' pages."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.failing import failing
    from wattshare.custodian.front import Front
    from wattshare.custodian.memory import together

    together()
    with failing(as_json=False), opened(home) as house:
        Front(house).serve()


@app.command()
def worker(*, home: Home = None) -> None:
    """Make ordered files, tell notices, and end what has run out. A signal lets the job at hand be finished."""
    import signal

    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.failing import failing
    from wattshare.custodian.memory import settled, together

    together()
    with failing(as_json=False), opened(home) as house:
        settled()
        hand = house.worker()
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda _sign, _frame: hand.stop())
        hand.run()


@app.command()
def settings(*, home: Home = None, as_json: AsJson = False) -> None:
    """Every setting: its value, where it came from, and what it is."""
    from wattshare.custodian.cli.printing import failing, out, print_json
    from wattshare.custodian.installation import settings_of

    with failing(as_json=as_json):
        described = tuple(settings_of(home).describe())
    if as_json:
        keys = ("name", "value", "sentence", "source")
        print_json([dict(zip(keys, row, strict=True)) for row in described])
        return
    for name, value, sentence, source in described:
        out.print(f"[bold]{name}[/bold] = {value or '(unset)'}  [dim]{source}[/dim]\n  {sentence}")


@app.command()
def doctor(*, home: Home = None, as_json: AsJson = False) -> None:
    """What this installation runs on, and whether it can be started."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.checkup import findings
    from wattshare.custodian.cli.printing import failing, out, print_json

    with failing(as_json=as_json), opened(home) as house:
        found = findings(house)
    if as_json:
        print_json(found)
        return
    for name, said in found.items():
        out.print(f"[bold]{name}[/bold]: {said}")


@db.command("upgrade")
def upgrade_(*, home: Home = None) -> None:
    """Bring the database to the form that this release needs."""
    from wattshare.custodian.cli.printing import failing, out
    from wattshare.custodian.installation import present, upgrade

    with failing(as_json=False):
        upgrade(present(home), tell=lambda said: out.print(said, markup=False, highlight=False))
    out.print("The database is up to date.")


@db.command("hash")
def content_hash(*, home: Home = None, as_json: AsJson = False) -> None:
    """A digest of all that is held, metered and billed: the same content has the same, on whatever database."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing, out, print_json
    from wattshare.custodian.store.purposes import Purpose

    with failing(as_json=as_json), opened(home) as house, house.store.read(Purpose.UPKEEP) as tx:
        digest = tx.content.digest()
    if as_json:
        print_json({"sha256": digest})
    else:
        out.print(digest)


@db.command("distribute")
def distribute(
    *,
    home: Home = None,
    show: Annotated[bool, typer.Option("--show", "--dry-run", help="Print the SQL and run nothing.")] = False,
) -> None:
    """Put the tables of meter data on several machines with Citus; the SQL is printed as it is run."""
    from contextlib import closing

    from wattshare.custodian.cli.printing import err, failing, out
    from wattshare.custodian.installation import owned_store_of, present
    from wattshare.custodian.store.distribution import NoCitus
    from wattshare.custodian.store.readiness import readable

    count = 0
    with failing(as_json=False), closing(owned_store_of(present(home))) as store, readable(store):
        try:
            for statement in store.distribute(show=show):
                out.print(f"{statement};", markup=False)
                count += 1
        except NoCitus as why:
            err.print(str(why))
            raise typer.Exit(1) from why
    if not count:
        out.print("Every table is where it belongs.")


@db.command("compact")
def compact(
    *,
    home: Home = None,
    until: Annotated[
        str | None, typer.Option(help="The last month, 2026-03; by default as the setting close_days has it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Keep the readings of months that are over in the smaller form. The worker does this by itself."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.failing import failing
    from wattshare.custodian.cli.history import compact as run

    with failing(as_json=as_json), opened(home) as house:
        run(house.closing, until, as_json=as_json)


@app.command("completeness")
def completeness(
    *,
    home: Home = None,
    usage_point: Annotated[int | None, typer.Option(help="One usage point.")] = None,
    account: Annotated[str | None, typer.Option(help="The usage points of an account, by its number.")] = None,
    from_: Annotated[
        datetime | None, typer.Option("--from", help="The first day; thirty days by default.", formats=["%Y-%m-%d"])
    ] = None,
    to: Annotated[
        datetime | None, typer.Option("--to", help="The last day; yesterday by default.", formats=["%Y-%m-%d"])
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What should have been metered and what is there: expected, received, estimated, corrected and late readings."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.completeness import show
    from wattshare.custodian.cli.failing import failing

    with failing(as_json=as_json), opened(home) as house:
        first, last = (None if day is None else day.date() for day in (from_, to))
        show(house.completeness, usage_point, account, first, last, as_json=as_json)


@app.command("funnel")
def funnel(
    *,
    home: Home = None,
    from_: Annotated[
        datetime | None, typer.Option("--from", help="The first day; thirty days by default.", formats=["%Y-%m-%d"])
    ] = None,
    to: Annotated[
        datetime | None, typer.Option("--to", help="The last day; today by default.", formats=["%Y-%m-%d"])
    ] = None,
    app_name: Annotated[str | None, typer.Option("--app", help="The requests of one third party, by its name.")] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Show counts under five too. Do not pass these on.")] = False,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table for a spreadsheet.")] = False,
) -> None:
    """Where customers give up on the way from an app's request to its first data. Counts under five are left out."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.failing import failing
    from wattshare.custodian.cli.funnel import show

    if as_json and as_csv:
        raise typer.BadParameter("Choose one of --json and --csv.")
    with failing(as_json=as_json), opened(home) as house:
        first, last = (None if day is None else day.date() for day in (from_, to))
        show(house.funnel, first, last, app_name, every=exact, as_json=as_json, as_csv=as_csv)


app.command("import")(importing.import_)
