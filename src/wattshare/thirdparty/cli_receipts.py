"""The commands of receipts. They need neither a custodian nor a network."""

# what is heavy is imported when a command runs, so that help is there at once

from pathlib import Path
from typing import Annotated

import typer

from wattshare.thirdparty.cli_options import AsJson

app = typer.Typer(no_args_is_help=True, help="Receipts and records of what a customer shares.")


@app.callback()
def receipts() -> None:
    """Keep `verify` a command of its own beside those to come."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The receipt or record, as it was downloaded.")],
    *,
    key: Annotated[
        list[str] | None, typer.Option(help="The utility's public key, whpk_…; more than once for several.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that a receipt is as the utility signed it, without asking anybody.

    Without --key only the key that stands in it can be tried: that shows that nothing was changed, and not by whom it
    was signed.
    """
    from wattshare.thirdparty.printing import failing, out, print_json
    from wattshare.thirdparty.receipts import NotGenuine
    from wattshare.thirdparty.receipts import verify as check

    with failing(as_json=as_json):
        try:
            raw = file.read_bytes()
        except OSError as gone:
            raise NotGenuine(f"{file}: {gone.strerror}.") from gone
        verified = check(raw, tuple(key or ()))
    if as_json:
        facts = {"what": verified.what, "key": verified.key, "key_is_known": verified.known, "facts": verified.facts}
        print_json(facts)
        return
    out.print(f"The signature holds: nothing in this {verified.what} was changed since it was signed.", style="green")
    for name, value in verified.facts.items():
        if text := told(value):
            out.print(f"  {name}: {text}", markup=False)
    if not verified.known:
        out.print(f"By which key: {verified.key}", markup=False)
        out.print(
            "Whose key that is was not checked. Compare it with the utility's, and name it with --key.", style="yellow"
        )


def told(value: object) -> str:
    """A fact in one line; what is not known is nothing."""
    if isinstance(value, dict):
        return ", ".join(filter(None, map(told, value.values())))
    if isinstance(value, list):
        return "; ".join(filter(None, map(told, value)))
    return "" if value is None else str(value)
