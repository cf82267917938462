"""What the third party's commands have in common: which custodian, and as whom."""

import shlex
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wattshare.thirdparty.custodian import Custodian
    from wattshare.thirdparty.tokens import FileTokenStore

Config = Annotated[
    Path | None,
    typer.Option("--config", help="TOML or JSON file that describes the custodian.", envvar="WATTSHARE_CUSTODIAN"),
]
Home = Annotated[
    Path,
    typer.Option("--home", help="Home of a sandbox, where there is no --config.", envvar="WATTSHARE_HOME"),
]
Party = Annotated[
    str | None, typer.Option("--third-party", help="Name or user type of one of the sandbox's third parties.")
]
TokenFile = Annotated[Path | None, typer.Option("--tokens", help="File that keeps the tokens, for its owner only.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]


def whom(
    config: Path | None, home: Path, third_party: str | None, tokens: Path | None
) -> "tuple[Custodian, FileTokenStore]":
    """The custodian that is meant, and where its tokens are kept."""
    from wattshare.thirdparty.custodian import Custodian
    from wattshare.thirdparty.tokens import FileTokenStore

    if config:
        custodian, beside = Custodian.read(config), config.with_suffix(".tokens.json")
    else:
        custodian = Custodian.from_sandbox(home, third_party)
        beside = home / f"tokens-{custodian.client_id[:8]}.json"
    return custodian, FileTokenStore(tokens or beside)


def again(
    context: typer.Context, name: str, config: Path | None, home: Path, third_party: str | None, tokens: Path | None
) -> str:
    """Another command about the same custodian and registration, as it can be typed."""
    said = {"--config": config} if config else {"--home": home, "--third-party": third_party}
    options = [part for option, value in {**said, "--tokens": tokens}.items() if value for part in (option, str(value))]
    program = context.find_root().info_name or "wattshare"
    return shlex.join([program, name, *options])


def utc(at: datetime | None) -> datetime | None:
    """A time that was typed without a zone is UTC."""
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)


def day(text: str, custodian: "Custodian", now: datetime) -> date:
    """A day of the utility's calendar, said as such or as so many days back."""
    today = now.astimezone(custodian.profile.zone).date()
    if text.endswith("d") and text[:-1].isascii() and text[:-1].isdigit() and len(text) < 8:
        return today - timedelta(days=int(text[:-1]))
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is neither YYYY-MM-DD nor a number of days such as 30d") from error
