"""The `wattshare` command: the third party's commands always, the custodian's where its part is installed."""

import importlib
import importlib.util
import inspect
import os
import shutil
import sys
from pathlib import Path

import typer

from wattshare.thirdparty.cli import app as third_party
from wattshare.thirdparty.cli_notices import app as third_party_notices

PROGRAM = "wattshare"
CUSTODIAN_COMMANDS = (
    "sandbox",
    "init",
    "serve",
    "worker",
    "db",
    "import",
    "settings",
    "doctor",
    "third-party",
    "authorization",
    "outage",
    "intake",
)
# who says one of these asks as a third party
AS_THIRD_PARTY = ("--config", "--third-party")
ADVICE = "This command belongs to the data custodian, which is not installed: pip install 'wattshare[custodian]'"


def main() -> None:
    """Run the command that was typed."""
    compose(with_custodian=importlib.util.find_spec("sqlalchemy") is not None)(prog_name=typed(sys.argv[0]))


def typed(program: str) -> str:
    """The command as it must be typed again: its bare name where the shell finds it, else its path."""
    path = Path(program)
    found = shutil.which(PROGRAM)
    elsewhere = path.name == PROGRAM and (found is None or Path(found).resolve() != path.resolve())
    return program if elsewhere else PROGRAM


def compose(*, with_custodian: bool) -> typer.Typer:
    """Every command, or those of the third party and a sentence in the place of the others."""
    app = typer.Typer(
        no_args_is_help=True,
        help="Green Button Connect My Data: the data custodian, and the client that asks it.",
        pretty_exceptions_show_locals=False,
    )
    app.add_typer(third_party)
    if with_custodian:
        # by name: the third party's part is shipped and checked without it
        app.add_typer(importlib.import_module("wattshare.custodian.cli.commands").app)
        operator = importlib.import_module("wattshare.custodian.cli.notices").app
        app.add_typer(both(third_party_notices, operator), name="notices")
    else:
        for name in CUSTODIAN_COMMANDS:
            _absent(app, name)
    return app


def both(third_party: typer.Typer, operator: typer.Typer) -> typer.Typer:
    """One group of the commands of both sides; what both have is asked as the third party where that is named."""
    group = typer.Typer(no_args_is_help=True, help="Notices: what was told, by either side of it.")
    sides = [{_name(each): each for each in side.registered_commands} for side in (third_party, operator)]
    shared = sides[0].keys() & sides[1].keys()
    for commands in sides:
        group.registered_commands += [each for name, each in commands.items() if name not in shared]
    for name in sorted(shared):
        _either(group, name, third_party, operator)
    return group


def _either(group: typer.Typer, name: str, third_party: typer.Typer, operator: typer.Typer) -> None:
    anything = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
    told = next(each for each in operator.registered_commands if _name(each) == name)

    @group.command(name, context_settings=anything, help=inspect.getdoc(told.callback))
    def run(context: typer.Context) -> None:
        named = any(word.partition("=")[0] in AS_THIRD_PARTY for word in context.args)
        side = third_party if named or "WATTSHARE_CUSTODIAN" in os.environ else operator
        typer.main.get_command(side).main([name, *context.args], prog_name="wattshare notices")


def _name(command: typer.models.CommandInfo) -> str:
    return str(command.name or getattr(command.callback, "__name__", ""))


def _absent(app: typer.Typer, name: str) -> None:
    anything = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}

    @app.command(name, context_settings=anything, help="Needs the custodian's part, which is not installed.")
    def advise() -> None:
        typer.echo(ADVICE, err=True)
        raise typer.Exit(1)
