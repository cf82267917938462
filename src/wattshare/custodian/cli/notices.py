"""`wattshare notices`, the operator's part: the ledger of every third party, and telling again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from wattshare.custodian.house import House
    from wattshare.custodian.services.ledger import Record

app = typer.Typer(no_args_is_help=True, help="Notices: what third parties were told, and every try.")

Home = Annotated[Path | None, typer.Option("--home", help="The installation's folder.", envvar="WATTSHARE_HOME")]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Party = Annotated[str | None, typer.Option("--party", help="The third party's name; every one without it.")]
Since = Annotated[str | None, typer.Option(help="From that day or time on.")]
Until = Annotated[str | None, typer.Option(help="Before that day or time.")]


@app.command("list")
def list_(
    *,
    home: Home = None,
    party: Party = None,
    since: Since = None,
    until: Until = None,
    state: Annotated[str | None, typer.Option(help="due, told, given_up or kept.")] = None,
    as_json: AsJson = False,
) -> None:
    """The notices of one third party or of all, in their order."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import escape, failing, out, print_json
    from wattshare.custodian.cli.third_parties import one_of
    from wattshare.custodian.model.work import NoticeState

    with failing(as_json=as_json), opened(home) as house:
        wanted = None if state is None else one_of(NoticeState, state, "state")
        facts = [
            fact
            for name, record in found(house, party, since, until)
            if (fact := told(name, record)) and wanted in (None, record.notice.state)
        ]
    if as_json:
        print_json(facts)
        return
    for fact in facts:
        count = len(fact["attempts"])
        tries = "1 try" if count == 1 else f"{count} tries"
        line = f"{fact['id']}  {fact['state']:8}  {fact['kind']:21}  {tries:>9}  {escape(fact['third_party'])}"
        out.print(line)


@app.command()
def show(
    notice: Annotated[str, typer.Argument(help="Its id, as in webhook-id.")],
    *,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """One notice with every try to tell it."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing
    from wattshare.custodian.cli.third_parties import show_facts

    with failing(as_json=as_json), opened(home) as house:
        record = house.delivery.ledger.show(notice)
        names = {party.id: party.name for party in house.registration.every()}
        show_facts(told(names[record.notice.third_party_id], record), as_json=as_json)


@app.command()
def replay(
    notice: Annotated[str | None, typer.Argument(help="Its id; or name a party and a time.")] = None,
    *,
    home: Home = None,
    party: Annotated[str | None, typer.Option(help="The third party's name, where a time is named.")] = None,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """Tell one notice again, or a third party's of a time; where a file is gone, its window is ordered again."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing, out, print_json
    from wattshare.custodian.model.errors import BadRequest
    from wattshare.custodian.services.ledger import Replayed, replay_facts

    with failing(as_json=as_json), opened(home) as house:
        if notice is not None:
            replayed: tuple[Replayed, ...] = (house.delivery.ledger.replay(notice),)
        elif party is None or since is None:
            raise BadRequest("Name a notice, or --party and --since.", field="notice")
        else:
            begins, ends = meant(house, since, until)
            replayed = house.delivery.ledger.replay_all(house.registration.show(party).party.id, begins, ends)
    facts = [replay_facts(one) for one in replayed]
    if as_json:
        print_json(facts)
        return
    for fact in facts:
        out.print(f"{fact['id']}  {fact['outcome']}")


@app.command("rotate-key")
def rotate_key(
    *,
    home: Home = None,
    keep: Annotated[str, typer.Option(help="For how long the former key signs too: 7d.")] = "7d",
    as_json: AsJson = False,
) -> None:
    """Make another key that notices are signed with; the former one signs beside it for a while."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing
    from wattshare.custodian.cli.third_parties import show_facts
    from wattshare.custodian.cli.times import read_span
    from wattshare.custodian.services.signing import PUBLIC

    with failing(as_json=as_json), opened(home) as house:
        made = house.delivery.signing.rotate(None, read_span(keep, "keep"))
        show_facts({"id": str(made.id), "public_key": f"{PUBLIC}{made.public}"}, as_json=as_json)


def found(house: "House", party: str | None, since: str | None, until: str | None) -> "list[tuple[str, Record]]":
    """Third parties' names and their notices of a time."""
    begins, ends = meant(house, since, until)
    parties = house.registration.every() if party is None else (house.registration.show(party).party,)
    ledger = house.delivery.ledger
    return [(one.name, record) for one in parties for record in ledger.every(one.id, since=begins, until=ends)]


def meant(house: "House", since: str | None, until: str | None) -> tuple[int, int | None]:
    """The seconds that two options mean, from the first on and before the second.

    Raises:
        BadRequest: they are none, or the wrong way round.
    """
    from wattshare.custodian.cli.times import read_moment
    from wattshare.custodian.services.ledger import in_order

    zone = house.profile.zone
    begins, ends = read_moment(since, "since", zone) or 0, read_moment(until, "until", zone)
    in_order(begins, ends)
    return begins, ends


def told(name: str, record: "Record") -> dict[str, Any]:
    """A notice as the operator sees it: whose it is beside what the third party may read."""
    from wattshare.custodian.services.ledger import facts_of

    return {"third_party": name, **facts_of(record)}
