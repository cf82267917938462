"""`wattshare import`, as it is typed: its options, what is refused of them at once, and the templates of tables."""

import secrets
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wattshare.custodian.services.intake.door import Wanted

# kinds of tables, as the formats know them; a test compares
TABLES = ("readings", "customers", "accounts", "holders", "agreements", "meters", "programs", "bills")
STDIN = Path("-")


def no_option(file: Path | None) -> Path | None:
    """A file to be written to, and not the next option, where its name was forgotten.

    Raises:
        typer.BadParameter: it is one.
    """
    if file is not None and str(file).startswith("--"):
        raise typer.BadParameter(f"Name a file before {file}; of a file that is called so, write ./{file}.")
    return file


Home = Annotated[Path | None, typer.Option("--home", help="The installation's folder.", envvar="WATTSHARE_HOME")]
Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Files of any kind, packed or not, and folders; - is standard input."),
]
Kind = Annotated[
    str | None,
    typer.Option("--kind", help="What a table is of; by its header where it is not said. " + " ".join(TABLES)),
]
Template = Annotated[str | None, typer.Option("--template", help="Print a header and two rows of a kind of table.")]
UsagePoint = Annotated[
    int | None,
    typer.Option(help="The usage point, ten digits, that Green Button of one lands on.", min=10**9, max=10**10 - 1),
]
Account = Annotated[str | None, typer.Option(help="The account number whose usage Green Button is.")]
Mapping = Annotated[
    Path | None, typer.Option("--mapping", help="A TOML file that says what the columns of a table mean.")
]
Explain = Annotated[
    bool, typer.Option("--explain", help="Say what the columns of a table seem to mean; take nothing in.")
]
WriteMapping = Annotated[
    Path | None,
    typer.Option("--write-mapping", callback=no_option, help="A file that gets the mapping by which a table was read."),
]
SetAside = Annotated[
    Path | None,
    typer.Option("--set-aside", callback=no_option, help="A file that gets bad rows; the good ones are taken."),
]
Lenient = Annotated[bool, typer.Option("--lenient", help="Read what breaks the schema where its meaning is known.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read, count and show ten rows; keep nothing.")]
Again = Annotated[
    bool, typer.Option("--again", help="Take in once more what was taken in before: it undoes what came since.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]


def import_(
    paths: Paths = None,
    *,
    home: Home = None,
    kind: Kind = None,
    template: Template = None,
    usage_point: UsagePoint = None,
    account: Account = None,
    mapping: Mapping = None,
    explain: Explain = False,
    write_mapping: WriteMapping = None,
    set_aside: SetAside = None,
    lenient: Lenient = False,
    dry_run: DryRun = False,
    again: Again = False,
    as_json: AsJson = False,
) -> None:
    """Take readings, bills and customers in; each file whole or not at all."""
    from wattshare.custodian.services.intake.door import Wanted

    if template is not None:
        print_template(template)
        return
    if kind is not None and kind not in TABLES:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(TABLES)}.", param_hint="--kind")
    if not paths:
        raise typer.BadParameter("Name files or folders, or - for standard input.", param_hint="paths")
    check_places(set_aside, write_mapping)
    wanted = Wanted(
        usage_point=usage_point,
        account=account,
        lenient=lenient,
        kind=kind,
        set_aside=set_aside,
        dry_run=dry_run,
        explain=explain,
        confirm=sys.stdin.isatty() and sys.stderr.isatty() and not as_json and STDIN not in paths,
        again=secrets.token_hex(8) if again else "",
    )
    if not taken(home, paths, wanted, mapping=mapping, write_mapping=write_mapping, as_json=as_json):
        raise typer.Exit(1)


def check_places(set_aside: Path | None, write_mapping: Path | None) -> None:
    """See whether the files can be written that are asked for.

    Raises:
        typer.BadParameter: one cannot.
    """
    for file, option in ((set_aside, "--set-aside"), (write_mapping, "--write-mapping")):
        if file is not None and not file.parent.is_dir():
            raise typer.BadParameter(f"There is no folder {file.parent} for {file}.", param_hint=option)
        if file is not None and file.is_dir():
            raise typer.BadParameter(f"{file} is a folder; name a file in it.", param_hint=option)


def taken(
    home: Path | None,
    paths: list[Path],
    wanted: "Wanted",
    *,
    mapping: Path | None,
    write_mapping: Path | None,
    as_json: bool,
) -> bool:
    """Take files in and print what became of each. Whether all were taken."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.asking import ask
    from wattshare.custodian.cli.failing import failing
    from wattshare.custodian.cli.intake import take
    from wattshare.custodian.cli.stopping import Stop
    from wattshare.custodian.formats.tables.mapping import read
    from wattshare.custodian.memory import loaded

    stop = Stop()
    stop.listen()
    with failing(as_json=as_json), opened(home) as house:
        loaded()
        return take(
            house.door,
            paths,
            replace(wanted, mapping=read(mapping) if mapping else None),
            house.caps,
            ask=ask if wanted.confirm else None,
            write_mapping=write_mapping,
            as_json=as_json,
            stop=stop,
        )


def print_template(kind: str) -> None:
    """A header and two rows of a kind of table, on standard output."""
    from wattshare.custodian.formats.tables.records import BY_NAME
    from wattshare.custodian.formats.tables.records import template as rows

    if kind not in BY_NAME:
        raise typer.BadParameter(f"There are templates of {', '.join(BY_NAME)}; readings have a mapping instead.")
    typer.echo(rows(BY_NAME[kind]), nl=False)
