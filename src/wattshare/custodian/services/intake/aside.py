"""Bad rows set aside in a file of their own, each by name, before the good ones are stored."""

import csv
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from wattshare.custodian.formats.tables.faults import MOST_BAD, BadRow

HEADER = ("row", "column", "reason", "raw")
# what a formula of a spreadsheet begins with
FORMULAS = tuple("=+-@\t\r")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that begins as one gets an apostrophe before it."""
    return f"'{text}" if text[:1] in FORMULAS else text


@dataclass(frozen=True)
class Aside:
    """The file that gets what is set aside."""

    path: Path
    most: int = MOST_BAD

    def write(self, rows: Sequence[BadRow]) -> Path:
        """Write rows down, durably: what is stored afterwards is not all, and this says what is missing.

        Where they are: a file that is there is another document's and stays; the name gets a number then.

        Raises:
            OSError: it cannot be written; by the name that was given.
        """
        try:
            return self._write(rows)
        except OSError as why:
            raise OSError(why.errno, why.strerror, str(self.path)) from why

    def _write(self, rows: Sequence[BadRow]) -> Path:
        aside = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(HEADER)
                writer.writerows((bad.row, bad.column, bad.sentence, harmless(bad.raw.rstrip("\r\n"))) for bad in rows)
                file.flush()
                os.fsync(file.fileno())
            for number in count(1):
                path = self.path if number == 1 else self.path.with_stem(f"{self.path.stem}.{number}")
                # a link, not a rename: it does not replace what is there
                with suppress(FileExistsError):
                    os.link(aside, path)
                    break
            return path
        finally:
            aside.unlink(missing_ok=True)
