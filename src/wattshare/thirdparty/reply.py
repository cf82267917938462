"""What a custodian answered."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from wattshare.espi import wire
from wattshare.espi.atom import Entry, Feed, Resource
from wattshare.espi.endpoints import Endpoint
from wattshare.thirdparty.errors import NoData, Unreadable
from wattshare.thirdparty.files import aside

PIECE = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer that is not a refusal, whole: it was received before it is read, into a file if it is large.

    204 reads as a feed without entries, so that both manners of an empty window look alike.
    """

    endpoint: Endpoint
    url: str
    status: int
    headers: Mapping[str, str]
    body: BinaryIO

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to send: 204, or 200 without a body."""
        return self.status == 204 or not self.open().read(1)

    def open(self) -> BinaryIO:
        """The body from its beginning. The same file each time."""
        self.body.seek(0)
        return self.body

    def read(self) -> bytes:
        """The body, in memory."""
        return self.open().read()

    def json(self) -> dict[str, Any]:
        """The body of a row that answers in JSON."""
        said: dict[str, Any] = json.loads(self.read())
        return said

    def entries(self, *, lenient: bool = False) -> Iterator[Entry]:
        """Its entries, one at a time: of a feed, or the one that it is itself.

        Raises:
            Malformed: it is not what the standard says; `lenient` forgives what can be understood.
        """
        if self.is_empty:
            return
        for item in wire.stream(self.open(), lenient=lenient):
            if isinstance(item, Entry):
                yield item

    def only(self) -> Entry:
        """The entry that an entry row answers.

        Raises:
            NoData: there is none.
            Unreadable: there are several.
        """
        entries = list(self.entries())
        if not entries:
            raise NoData(f"{self.endpoint.name} has nothing to show.")
        if len(entries) > 1:
            raise Unreadable(f"{self.endpoint.name} answered {len(entries)} entries in the place of one.")
        return entries[0]

    def element(self) -> Resource:
        """The one element of a row that answers without Atom.

        Raises:
            Unreadable: it is an Atom document.
        """
        root = wire.read(self.open()).root
        if isinstance(root, (Entry, Feed)):
            raise Unreadable(f"{self.endpoint.name} answered an Atom document in the place of one element.")
        return root

    def save(self, path: Path) -> int:
        """The body as a file, whole or not at all; its length in bytes."""
        with aside(path) as file:
            shutil.copyfileobj(self.open(), file, PIECE)
            return file.tell()
