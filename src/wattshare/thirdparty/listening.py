"""A receiver with a port, and beside it the one who fetches what it was told of."""

import contextlib
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from wattshare.thirdparty.client import Client
from wattshare.thirdparty.custodian import BadConfiguration
from wattshare.thirdparty.errors import Failed
from wattshare.thirdparty.inbox import Drained, Notice
from wattshare.thirdparty.receiver import Listener, Reception

# seconds after which what could not be fetched is tried again
AGAIN = 60
# seconds for which it is known what was dealt with: longer than custodians tell of anything
KNOWN = 40 * 86_400


def listen(
    reception: Reception,
    client: Client,
    *,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    into: Path,
    stop_after: int,
    heard: Callable[[str], None],
    drained: Callable[[Drained | Failed], None],
    refused: Callable[[str], None] = lambda _: None,
) -> None:
    """Until interrupted, or until so many notices were fetched: hear, acknowledge, fetch.

    Raises:
        BadConfiguration: the port is taken.
    """
    bell = threading.Event()
    counted: set[str] = set()

    def ring(notice: Notice) -> None:
        counted.add(notice.id)
        bell.set()

    try:
        listener = Listener(replace(reception, heard=ring), host, port, tls, refused=refused)
    except OSError as error:
        raise BadConfiguration(f"Cannot listen on {host}:{port}: {error}") from error
    serving = threading.Thread(target=listener.serve_forever, daemon=True)
    serving.start()
    heard(f"{'https' if tls else 'http'}://{host}:{listener.server_address[1]}{reception.path or '/'}")
    try:
        # what waited while nobody listened comes first
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                _drain(reception, client, into, drained)
                if stop_after and len(counted) >= stop_after:
                    break
                bell.wait(AGAIN)
                bell.clear()
    finally:
        listener.shutdown()
        listener.server_close()
        serving.join()


def _drain(reception: Reception, client: Client, into: Path, drained: Callable[[Drained | Failed], None]) -> None:
    """Fetch all that waits; a custodian that is away is reported and asked again later."""
    reception.inbox.forget(time.time() - KNOWN)
    try:
        for each in reception.inbox.drain(client, into):
            drained(each)
    except Failed as error:
        drained(error)
