"""The custodian's ledger of this third party's notices: what was told, what was missed, telling again.

For custodians that have it, as Wattshare does; it is not part of the standard.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wattshare.thirdparty.client import Client
from wattshare.thirdparty.files import write_aside
from wattshare.thirdparty.inbox import Inbox, Notice

PAGE = 200
# beside the inbox's folders: the number up to which the ledger was read
MARK = "ledger.json"


@dataclass(frozen=True)
class Ledger:
    """One custodian's."""

    client: Client

    def notices(self, *, since: datetime | None = None, after: int = 0) -> Iterator[dict[str, Any]]:
        """Notices as the custodian tells of them, in their order, page by page."""
        more = True
        while more:
            query = {"after": str(after), "limit": str(PAGE)} | ({"since": seconds(since)} if since else {})
            page = self.client.call("notices", query=query).json()
            yield from page["notices"]
            after, more = page["after"], page["more"]

    def notice(self, notice: str) -> dict[str, Any]:
        """One notice with every try to tell it.

        Raises:
            NotFound: there is none of that id, or it is no longer kept.
        """
        return self.client.call("notice", notice=notice).json()

    def replay(self, notice: str) -> dict[str, Any]:
        """Have a notice told again; where its file is gone, the same window is ordered again.

        Raises:
            NotFound: there is none, or the permission behind it has ended.
        """
        return self.client.call("replay-notice", notice=notice).json()

    def replay_since(self, since: datetime, until: datetime | None = None) -> list[dict[str, Any]]:
        """Have the notices of a time told again."""
        query = {"since": seconds(since)} | ({"until": seconds(until)} if until else {})
        replayed: list[dict[str, Any]] = self.client.call("replay-notices", query=query).json()["replayed"]
        return replayed

    def outages(self) -> list[dict[str, Any]]:
        """Outages that are planned or under way."""
        outages: list[dict[str, Any]] = self.client.call("outages").json()["outages"]
        return outages

    def keys(self) -> tuple[str, ...]:
        """The public keys that notices are signed with."""
        return tuple(key["public_key"] for key in self.client.call("notice-keys").json()["keys"])

    def catch_up(self, inbox: Inbox, *, since: datetime | None = None) -> int:
        """Take every notice since the last time into an inbox that does not know it yet. How many.

        A notice that was told as well waits once. What is killed half-way goes on where it was.
        """
        mark, taken = inbox.folder / MARK, 0
        for told in self.notices(since=since, after=_read(mark)):
            notice = Notice.of_ledger(told, self.client.custodian, at=self.client.now())
            taken += notice is not None and inbox.keep(notice)
            write_aside(mark, json.dumps({"after": told["number"]}).encode())
        return taken


def seconds(at: datetime) -> str:
    """A moment as epoch seconds."""
    return str(int(at.timestamp()))


def _read(mark: Path) -> int:
    return int(json.loads(mark.read_bytes())["after"]) if mark.exists() else 0
