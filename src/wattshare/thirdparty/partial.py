"""A file that is fetched in stretches: what came before a connection broke, or a program ended, is not fetched again.

It needs a custodian that offers ranges and strong validators. RFC 9110 §14, §13.1.5. Others send all of it again.
"""

import gzip
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import httpx2

from wattshare.thirdparty.files import write_aside

STRETCH = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
# what a custodian says of a range that begins where the file ends
NO_SUCH_RANGE = 416


@dataclass(frozen=True)
class Partial:
    """What is there of a file, packed as it is sent, and beside it of which version it is."""

    # the file that will be there when all is
    path: Path

    @property
    def part(self) -> Path:
        """What came so far."""
        return self.path.with_name(f".{self.path.name}.part")

    @property
    def version(self) -> Path:
        """Of what."""
        return self.path.with_name(f".{self.path.name}.version")

    def headers(self) -> dict[str, str]:
        """What asks for the rest: of the same version, or of all of another one."""
        packed = {"accept-encoding": "gzip"}
        if not (self.part.exists() and self.version.exists()):
            return packed
        etag = json.loads(self.version.read_bytes())["etag"]
        return {**packed, "range": f"bytes={self.part.stat().st_size}-", "if-range": etag}

    def receive(self, response: httpx2.Response) -> BinaryIO:
        """Put what comes behind what is there. The whole, unpacked, when it has come to its end."""
        packed = response.headers.get("content-encoding", "") == "gzip"
        if response.status_code == 206:
            self._continue(response)
        else:
            self._begin(response, packed=packed)
        with self.part.open("ab") as file:
            for piece in response.iter_raw():
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        # it outlives this function
        opened = gzip.open(self.part, "rb") if packed else self.part.open("rb")  # noqa: SIM115
        return cast(BinaryIO, opened)

    def drop(self) -> None:
        """It is whole elsewhere, or of no use."""
        for file in (self.part, self.version):
            file.unlink(missing_ok=True)

    def _begin(self, response: httpx2.Response, *, packed: bool) -> None:
        self.drop()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.part.touch(mode=0o600)
        etag = response.headers.get("etag", "")
        # a weak one does not say that the bytes are the same
        if etag and not etag.startswith("W/"):
            write_aside(self.version, json.dumps({"etag": etag, "packed": packed}).encode())

    def _continue(self, response: httpx2.Response) -> None:
        """The rest must begin where what is there ends.

        Raises:
            httpx2.RemoteProtocolError: it does not.
        """
        said = STRETCH.fullmatch(response.headers.get("content-range", ""))
        if said is None or int(said[1]) != self.part.stat().st_size:
            self.drop()
            raise httpx2.RemoteProtocolError("the stretch is not the one that was asked for")
