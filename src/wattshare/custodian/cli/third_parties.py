"""`wattshare third-party`: registrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from wattshare.custodian.house import House
    from wattshare.custodian.model.premises import Commodity
    from wattshare.custodian.model.work import NoticeKind
    from wattshare.custodian.services.registration import Wish
    from wattshare.custodian.settings import Settings

Word = TypeVar("Word", bound=StrEnum)
CLEARABLE = ("partner", "portal_uri", "notification_uri")


class Pkces(StrEnum):
    """Whether a proof key is demanded. RFC 7636."""

    REQUIRED = "required"
    OPTIONAL = "optional"


app = typer.Typer(no_args_is_help=True, help="Third parties: who asks for data.")

Home = Annotated[Path | None, typer.Option("--home", help="The installation's folder.", envvar="WATTSHARE_HOME")]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
UserType = Annotated[str | None, typer.Option(help="standard, self_access, ee_finance or cca.")]
Role = Annotated[str | None, typer.Option(help="primary, standalone or partner.")]
Partner = Annotated[str | None, typer.Option(help='The partner named on this primary\'s consent page; "" is none.')]
RedirectUri = Annotated[list[str] | None, typer.Option(help="Where customers come back to; may be repeated.")]
PortalUri = Annotated[str | None, typer.Option(help='Where customers find the app; "" is nowhere.')]
NotificationUri = Annotated[str | None, typer.Option(help='Where notices go; "" is nowhere: it polls.')]
NotifyDaily = Annotated[
    bool | None, typer.Option("--notify-daily/--no-notify-daily", help="Tell what is new each day.")
]
NotifyKinds = Annotated[
    str | None, typer.Option(help='More kinds of notices: expiry_coming,data_corrected,outage_planned; "" is none.')
]
Required = Annotated[str | None, typer.Option(help="Kinds that it cannot do without: usage,billing,…")]
Optional = Annotated[str | None, typer.Option(help="Kinds that customers may add: billing,basic,…")]
Commodities = Annotated[str | None, typer.Option(help='The services that it asks for: electricity,gas,…; "" is all.')]
History = Annotated[int | None, typer.Option(help="Days of history that it may see.")]
Visible = Annotated[
    bool | None, typer.Option("--visible/--hidden", help="Listed among the apps that customers may pick.")
]
Certificate = Annotated[Path | None, typer.Option(help="Its client certificate, PEM.", exists=True, dir_okay=False)]
MakeCertificate = Annotated[Path | None, typer.Option(help="A folder in which to make a key and a certificate.")]
Pkce = Annotated[str | None, typer.Option(help="required or optional.")]
Contact = Annotated[list[str] | None, typer.Option(help='A mail address of its people; may be repeated, "" is none.')]
Support = Annotated[
    str | None, typer.Option(help='Where customers reach it: a mail address or a telephone number; "" is none.')
]
Purpose = Annotated[str | None, typer.Option(help="Why it asks, in its own words.")]


@app.command()
def add(
    *,
    home: Home = None,
    name: Annotated[str, typer.Option(help="Its name, as customers read it.")],
    user_type: UserType = None,
    role: Role = None,
    partner: Partner = None,
    redirect_uri: RedirectUri = None,
    portal_uri: PortalUri = None,
    notification_uri: NotificationUri = None,
    notify_daily: NotifyDaily = None,
    notify_kinds: NotifyKinds = None,
    kinds_required: Required = None,
    kinds_optional: Optional = None,
    commodities: Commodities = None,
    history: History = None,
    visible: Visible = None,
    certificate: Certificate = None,
    make_certificate: MakeCertificate = None,
    pkce: Pkce = None,
    purpose: Purpose = None,
    support: Support = None,
    contact: Contact = None,
    as_json: AsJson = False,
) -> None:
    """Register a third party; its credentials are shown."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing
    from wattshare.custodian.services.registration import Wish

    with (
        failing(as_json=as_json),
        opened(home) as house,
        certified(house.settings, name, make_certificate, certificate) as made,
    ):
        wish = changed(
            Wish(name=name),
            user_type=user_type,
            role=role,
            partner=partner,
            redirect_uri=redirect_uri,
            portal_uri=portal_uri,
            notification_uri=notification_uri,
            notify_daily=notify_daily,
            notify_kinds=notify_kinds,
            kinds_required=kinds_required,
            kinds_optional=kinds_optional,
            commodities=commodities,
            history=history,
            visible=visible,
            certificate=made or certificate,
            pkce=pkce,
            purpose=purpose,
            support=support,
            contact=contact,
        )
        house.registration.register(wish)
        show_facts(house.third_party_facts(name, made) | notice_secrets(house, name), as_json=as_json)


@app.command("set")
def set_(
    name: Annotated[str, typer.Argument(help="Its name.")],
    *,
    home: Home = None,
    user_type: UserType = None,
    role: Role = None,
    partner: Partner = None,
    redirect_uri: RedirectUri = None,
    portal_uri: PortalUri = None,
    notification_uri: NotificationUri = None,
    notify_daily: NotifyDaily = None,
    notify_kinds: NotifyKinds = None,
    kinds_required: Required = None,
    kinds_optional: Optional = None,
    commodities: Commodities = None,
    history: History = None,
    visible: Visible = None,
    certificate: Certificate = None,
    make_certificate: MakeCertificate = None,
    pkce: Pkce = None,
    purpose: Purpose = None,
    support: Support = None,
    contact: Contact = None,
    as_json: AsJson = False,
) -> None:
    """Change what a third party registered; what is not named stays."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing

    with (
        failing(as_json=as_json),
        opened(home) as house,
        certified(house.settings, name, make_certificate, certificate) as made,
    ):
        wish = changed(
            house.registration.wish(house.registration.show(name).party),
            user_type=user_type,
            role=role,
            partner=partner,
            redirect_uri=redirect_uri,
            portal_uri=portal_uri,
            notification_uri=notification_uri,
            notify_daily=notify_daily,
            notify_kinds=notify_kinds,
            kinds_required=kinds_required,
            kinds_optional=kinds_optional,
            commodities=commodities,
            history=history,
            visible=visible,
            certificate=made or certificate,
            pkce=pkce,
            purpose=purpose,
            support=support,
            contact=contact,
        )
        house.registration.change(name, wish)
        show_facts(house.third_party_facts(name, made), as_json=as_json)


@app.command("list")
def list_(*, home: Home = None, as_json: AsJson = False) -> None:
    """Every third party."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import escape, failing, out, print_json

    with failing(as_json=as_json), opened(home) as house:
        facts = [house.third_party_facts(party.name, None) for party in house.registration.every()]
    if as_json:
        print_json(facts)
        return
    for fact in facts:
        out.print(f"{fact['third_party_id']}  {fact['standing']:10}  {fact['user_type']:11}  {escape(fact['name'])}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Its name.")],
    *,
    home: Home = None,
    secrets: Annotated[bool, typer.Option("--secrets", help="And what its notices are signed with.")] = False,
    as_json: AsJson = False,
) -> None:
    """One third party: registration, credentials, milestones."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing

    with failing(as_json=as_json), opened(home) as house:
        more = notice_secrets(house, name) if secrets else {}
        show_facts(house.third_party_facts(name, None) | more, as_json=as_json)


@app.command("rotate-notice-secret")
def rotate_notice_secret(
    name: Annotated[str, typer.Argument(help="Its name.")],
    *,
    home: Home = None,
    keep: Annotated[str, typer.Option(help="For how long the former secret signs too: 7d.")] = "7d",
    as_json: AsJson = False,
) -> None:
    """Make another secret that its notices are signed with; the former one signs beside it for a while."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing
    from wattshare.custodian.cli.times import read_span

    with failing(as_json=as_json), opened(home) as house:
        house.delivery.signing.rotate(house.registration.show(name).party.id, read_span(keep, "keep"))
        show_facts(notice_secrets(house, name), as_json=as_json)


@app.command()
def suspend(
    name: Annotated[str, typer.Argument(help="Its name.")],
    *,
    home: Home = None,
    lift: Annotated[bool, typer.Option("--lift", help="Let it work again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a third party do nothing until it is lifted."""
    from wattshare.custodian.app import opened
    from wattshare.custodian.cli.printing import failing
    from wattshare.custodian.model.parties import Standing

    with failing(as_json=as_json), opened(home) as house:
        house.registration.move(name, Standing.PRODUCTION if lift else Standing.SUSPENDED)
        show_facts(house.third_party_facts(name, None), as_json=as_json)


def changed(
    wish: "Wish",
    *,
    user_type: str | None,
    role: str | None,
    partner: str | None,
    redirect_uri: list[str] | None,
    portal_uri: str | None,
    notification_uri: str | None,
    notify_daily: bool | None,
    notify_kinds: str | None,
    kinds_required: str | None,
    kinds_optional: str | None,
    commodities: str | None,
    history: int | None,
    visible: bool | None,
    certificate: Path | None,
    pkce: str | None,
    purpose: str | None,
    support: str | None,
    contact: list[str] | None,
) -> "Wish":
    """The wish with what was typed; None leaves a field as it is, empty text clears one that may be missing."""
    from wattshare.custodian.cli.kinds import read_kinds
    from wattshare.custodian.model import parties

    typed: dict[str, Any] = {
        "user_type": None if user_type is None else one_of(parties.UserType, user_type, "user_type"),
        "role": None if role is None else one_of(parties.Role, role, "role"),
        "partner": partner,
        "redirect_uris": None if redirect_uri is None else tuple(redirect_uri),
        "portal_uri": portal_uri,
        "notification_uri": notification_uri,
        "notify_daily": notify_daily,
        "notify_kinds": None if notify_kinds is None else read_notices(notify_kinds),
        "kinds_required": None if kinds_required is None else read_kinds(kinds_required, "kinds_required"),
        "kinds_optional": None if kinds_optional is None else read_kinds(kinds_optional, "kinds_optional"),
        "commodities": None if commodities is None else read_commodities(commodities),
        "history_days": history,
        "visible": visible,
        "certificate": None if certificate is None else certificate.read_text(errors="replace"),
        "pkce_required": None if pkce is None else one_of(Pkces, pkce, "pkce") is Pkces.REQUIRED,
        "purpose": purpose,
        "support": support,
        "contacts": None if contact is None else tuple(one for one in contact if one),
    }
    kept = {name: value for name, value in typed.items() if value is not None}
    return replace(wish, **kept | {name: None for name in CLEARABLE if kept.get(name) == ""})


def read_notices(text: str) -> "frozenset[NoticeKind]":
    """Kinds of notices, separated by commas."""
    from wattshare.custodian.model.work import NoticeKind

    return frozenset(one_of(NoticeKind, word.strip(), "notify_kinds") for word in text.split(",") if word.strip())


def read_commodities(text: str) -> "frozenset[Commodity]":
    """Services, separated by commas."""
    from wattshare.custodian.model.premises import Commodity

    return frozenset(one_of(Commodity, word.strip(), "commodities") for word in text.split(",") if word.strip())


def notice_secrets(house: "House", name: str) -> dict[str, Any]:
    """What a third party's notices are signed with, the newest first."""
    from wattshare.custodian.services.signing import SECRET

    party = house.registration.show(name).party
    return {"notice_secrets": [f"{SECRET}{key.secret}" for key in house.delivery.signing.secrets(party.id)]}


def one_of(words: type[Word], text: str, field: str) -> Word:
    """The word that was typed.

    Raises:
        BadRequest: it is none of them.
    """
    from wattshare.custodian.model.errors import BadRequest

    try:
        return words(text.lower())
    except ValueError as why:
        known = ", ".join(words)
        raise BadRequest(f"{text!r} is not one of {known}.", field=field) from why


@contextmanager
def certified(settings: "Settings", name: str, folder: Path | None, given: Path | None) -> Iterator[Path | None]:
    """Make a key and a certificate in a folder: of the house's own authority, else self-signed.

    Both are thrown away again where the block refuses what else was typed.

    Raises:
        BadRequest: a certificate was given as well.
    """
    from wattshare.custodian.cli.certificates import make
    from wattshare.custodian.model.errors import BadRequest, Refusal

    if folder is None:
        yield None
        return
    if given is not None:
        raise BadRequest("Give a certificate or have one made, not both.", field="make_certificate")
    made = make(settings, name, folder)
    try:
        yield made
    except Refusal:
        for file in (made, made.with_suffix(".key")):
            file.unlink()
        raise


def show_facts(facts: dict[str, Any], *, as_json: bool) -> None:
    """A third party for people or for a program."""
    from wattshare.custodian.cli.printing import escape, out, print_json

    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        out.print(f"[bold]{name}[/bold]: {escape(spoken(value))}")


def spoken(value: object) -> str:
    """A fact in words: lists by commas, no brackets and quotes."""
    match value:
        case None | [] | () | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{name.replace('_', ' ')} {spoken(one)}" for name, one in value.items())
        case list() | tuple():
            return ", ".join(spoken(one) for one in value)
        case _:
            return str(value)
