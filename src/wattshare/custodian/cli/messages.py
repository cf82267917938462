"""`wattshare messages`: what became of mails and text messages to people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from wattshare.custodian.model.messages import Message

app = typer.Typer(no_args_is_help=True, help="Mails and text messages to customers and contacts.")

Home = Annotated[Path | None, typer.Option("--home", help="The installation's folder.", envvar="WATTSHARE_HOME")]


@app.command("list")
def list_(
    *,
    home: Home = None,
    state: Annotated[str | None, typer.Option(help="due, sent or given_up.")] = None,
    since: Annotated[str | None, typer.Option(help="From that day or time on.")] = None,
    most: Annotated[int, typer.Option(help="At most so many, the newest.", min=1)] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print facts as JSON.")] = False,
) -> None:
    """Messages of the last 30 days, the newest first: what became of each, never what it says or to whom."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing, out, print_json
    from wattshare.custodian.cli.times import read_moment
    from wattshare.custodian.model.errors import BadRequest
    from wattshare.custodian.model.messages import MessageState

    with failing(as_json=as_json), opened(home) as house:
        if state is not None and state not in set(MessageState):
            raise BadRequest(f"{state!r} is none of {', '.join(MessageState)}.", field="state")
        begins = read_moment(since, "since", house.profile.zone) or 0
        with house.store.read() as tx:
            found = tx.messages.every(begins, None if state is None else MessageState(state), most)
    facts = [told(one) for one in found]
    if as_json:
        print_json(facts)
        return
    for fact in facts:
        out.print("  ".join(str(value) for value in fact.values() if value is not None))


def told(message: "Message") -> dict[str, Any]:
    """What the operator may know of a message."""
    from wattshare.custodian.facts import moment

    return {
        "id": message.id,
        "kind": message.kind,
        "way": message.way,
        "state": message.state,
        "created": moment(message.created_at),
        "tries_failed": message.attempts,
        "cause": message.cause,
    }
