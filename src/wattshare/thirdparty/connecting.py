"""Two ways to connect a customer by a command: a browser, or a sandbox's customer who agrees unseen."""

import webbrowser
from dataclasses import replace
from pathlib import Path

import httpx2
import typer

from wattshare.thirdparty.browser import Browser
from wattshare.thirdparty.client import Client
from wattshare.thirdparty.connect import Callback, Journey, can_listen, finish
from wattshare.thirdparty.consent import Visit
from wattshare.thirdparty.custodian import BadConfiguration, read_sandbox
from wattshare.thirdparty.tokens import Tokens

# seconds that a customer may take to read and decide
WAIT = 600


def with_browser(client: Client, journey: Journey, *, open_browser: bool, quiet: bool) -> Tokens:
    """Send a browser off, and receive it on this machine where the redirect URI allows; else it is pasted."""
    callback = Callback(journey.redirect_uri) if can_listen(journey.redirect_uri) else None
    try:
        if not quiet or not open_browser:
            typer.echo(f"Open this address and share:\n\n{journey.url}\n", err=True)
        if open_browser:
            webbrowser.open(journey.url)
        if callback:
            return finish(client, journey, callback.wait(WAIT))
        return finish(client, journey, typer.prompt("Paste the address that the browser came to", err=True).strip())
    finally:
        if callback:
            callback.close()


def without_screen(client: Client, journey: Journey, home: Path, login: str) -> Tokens:
    """A sandbox's customer agrees to everything.

    Raises:
        BadConfiguration: there is no such customer.
        Lost: the pages did not lead to the end.
    """
    people = read_sandbox(home / "sandbox.json").get("customers", ())
    person = next((each for each in people if login in (each.get("login"), each.get("household"))), None)
    if person is None:
        known = ", ".join(str(each.get("login")) for each in people)
        raise BadConfiguration(f"The sandbox has no customer {login!r}; it has: {known}.")
    plain = replace(client.custodian, certificate=None, private_key=None)
    transport = httpx2.HTTPTransport(verify=plain.tls())
    with Browser(transport, waits_for=journey.redirect_uri) as browser:
        arrived_at = Visit(login=person["login"], password=person["password"]).agree(browser, journey.url)
    return finish(client, journey, arrived_at)
