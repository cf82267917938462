"""Questions about a table, asked where somebody can answer them."""

from collections.abc import Callable
from dataclasses import replace

import typer

from wattshare.custodian.cli.printing import err, escape, plain
from wattshare.custodian.formats.tables.faults import Question
from wattshare.custodian.formats.tables.mapping import BadMapping, Mapping, to_toml
from wattshare.custodian.services.intake import Report
from wattshare.custodian.services.intake.door import Wanted

LISTS = ("flow.delivered", "flow.received", "time.first", "time.second")


def ask(report: Report, wanted: Wanted) -> Wanted | None:
    """What is thought of a table, answered and confirmed; None where it is not to be taken so."""
    mapping = report.mapping or Mapping()
    err.print(f"[bold]{escape(report.name)}[/bold]: a table. What its columns seem to mean:\n")
    err.print(escape(to_toml(mapping), lines=True))
    for question in report.questions:
        mapping = answered(mapping, question, typer.prompt)
    if report.questions:
        err.print(escape(to_toml(mapping), lines=True))
    if not typer.confirm("Read it so?", err=True):
        return None
    return replace(wanted, mapping=mapping, confirm=False)


def answered(mapping: Mapping, question: Question, prompt: Callable[..., str]) -> Mapping:
    """The mapping with the answer to a question; asked again until it fits."""
    choices = f" ({', '.join(question.choices)})" if question.choices else ""
    while True:
        said = prompt(plain(f"{question.sentence}{choices} {question.key}"), default=question.likely or None, err=True)
        try:
            return mapping.answered(question.key, value_of(question.key, said))
        except BadMapping as why:
            err.print(f"[yellow]{escape(str(why))}[/yellow]")


def value_of(key: str, said: str) -> object:
    """An answer as the mapping has it."""
    said = said.strip()
    if key in LISTS:
        return [word.strip() for word in said.split(",") if word.strip()]
    # of a list of choices the number in front counts
    number = said.partition(" ")[0]
    if key.startswith(("quality.", "interval.length", "values.power_of_ten", "file.header")) and number.isdigit():
        return int(number)
    return said
