"""A sandbox: started, moved on in time."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

Home = Annotated[
    Path | None,
    typer.Option("--home", help="The sandbox's folder, if it is not sandbox.", envvar="WATTSHARE_HOME"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]


@app.callback(invoke_without_command=True)
def sandbox(
    context: typer.Context,
    *,
    home: Annotated[Path, typer.Option("--home", help="The sandbox's folder.")] = Path("sandbox"),
    port: Annotated[int, typer.Option(help="The port of everything.")] = 8443,
    http: Annotated[bool, typer.Option("--http", help="No TLS, and so no mutual TLS.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what the home holds and begin anew.")] = False,
    seed: Annotated[int, typer.Option(help="Another number, other data.")] = 1,
    days: Annotated[int, typer.Option(help="Days of history.", min=2, max=3650)] = 760,
    now: Annotated[str | None, typer.Option(help="The time at which its clock starts, 2026-03-01T12:00:00Z.")] = None,
    usage_points: Annotated[
        int, typer.Option(help="More usage points, of an invented town beside the households.", min=0)
    ] = 0,
    services: Annotated[
        int, typer.Option(help="Services of the business, Brightwater Markets.", min=40, max=5000)
    ] = 240,
    allow_notify: Annotated[
        list[str] | None, typer.Option(help="HOST:PORT of a receiver of notices on this machine.")
    ] = None,
    public_base: Annotated[str | None, typer.Option(help="What stands in every address.")] = None,
    rate_limits: Annotated[str, typer.Option(help="on or off.")] = "off",
) -> None:
    """Start a whole utility on this machine: server, worker, customers, third parties, a receiver of notices."""
    if context.invoked_subcommand is not None:
        context.obj = home
        return
    from wattshare.custodian.cli.printing import failing
    from wattshare.custodian.memory import together
    from wattshare.custodian.sandbox.run import Plan, run
    from wattshare.custodian.sandbox.telling import COMMAND

    together()
    with failing(as_json=False):
        run(
            Plan.read(
                home=home,
                port=port,
                http=http,
                fresh=fresh,
                seed=seed,
                days=days,
                now=now,
                usage_points=usage_points,
                services=services,
                allow_notify=tuple(allow_notify or ()),
                public_base=public_base,
                rate_limits=rate_limits,
            ),
            command=context.find_root().info_name or COMMAND,
        )


# an amount may begin with a minus, and is refused as an amount
@app.command(context_settings={"ignore_unknown_options": True})
def advance(
    context: typer.Context,
    amount: Annotated[str, typer.Argument(help="How far: 15m, 1h, 1d, 2w.")],
    *,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Move a sandbox's clock on: schedules run, tokens age, bills close, yesterday's readings arrive.

    Interrupted, it is where it had got to.
    """
    from datetime import UTC, datetime

    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from wattshare.custodian.cli.printing import err, failing, out, print_json
    from wattshare.custodian.sandbox.advance import advance as advanced

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        failing(as_json=as_json),
        Progress(*columns, console=err, transient=True, disable=as_json or not err.is_terminal) as bar,
    ):
        way, begun = bar.add_task("on its way", total=None), list[int]()

        def moved(at: int, end: int) -> None:
            """Each hour; what it takes depends on what is due in it."""
            begun.append(at)
            day = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}Z"
            bar.update(way, description=day, completed=at - begun[0], total=max(1, end - begun[0]))

        at = advanced(home or context.obj, amount, moved)
    told = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    if as_json:
        print_json({"now": told})
    else:
        out.print(f"It is {told} in the sandbox.")


@app.command()
def fault(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The fault, or list.")],
    state: Annotated[str | None, typer.Argument(help="on or off.")] = None,
    *,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a sandbox unruly in some way, or orderly again; list says in which ways it can be, and which are on."""
    from wattshare.custodian.cli.printing import failing, out, print_json
    from wattshare.custodian.sandbox.faults import MEANT, fault_named, faults_of

    with failing(as_json=as_json):
        faults = faults_of(home or context.obj)
        if name != "list" or state is not None:
            wanted = fault_named(name)
            if state not in ("on", "off"):
                raise typer.BadParameter("on or off", param_hint="STATE")
            faults.turn(wanted, on=state == "on")
        on = faults.on()
    if as_json:
        print_json([{"name": each.value, "on": each in on, "sentence": MEANT[each]} for each in MEANT])
        return
    for each in MEANT if name == "list" else [wanted]:
        out.print(f"{each.value:24} {'on ' if each in on else 'off'}  {MEANT[each]}", markup=False)


@app.command()
def move(
    context: typer.Context,
    login: Annotated[str, typer.Argument(help="The customer, by login, as sandbox.json has it.")],
    way: Annotated[str, typer.Argument(help="out: of all homes; in: into one more.")],
    *,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Have a customer move out or in today, by a table of agreements that is imported."""
    from wattshare.custodian.cli.printing import failing, out, print_json
    from wattshare.custodian.sandbox.moving import move as moved

    with failing(as_json=as_json):
        table = moved(home or context.obj, login, way)
    if as_json:
        print_json({"imported": table})
    else:
        out.print(table, end="", markup=False)
