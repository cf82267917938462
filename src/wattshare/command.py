"""The `wattshare` command: the third party's commands always, the custodian's where its part is installed."""

import importlib
import importlib.util
import shutil
import sys
from pathlib import Path

import typer

from wattshare.thirdparty.cli import app as third_party

PROGRAM = "wattshare"
CUSTODIAN_COMMANDS = (
    "sandbox",
    "init",
    "serve",
    "worker",
    "db",
    "import",
    "settings",
    "third-party",
    "authorization",
)
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
    else:
        for name in CUSTODIAN_COMMANDS:
            _absent(app, name)
    return app


def _absent(app: typer.Typer, name: str) -> None:
    anything = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}

    @app.command(name, context_settings=anything, help="Needs the custodian's part, which is not installed.")
    def advise() -> None:
        typer.echo(ADVICE, err=True)
        raise typer.Exit(1)
