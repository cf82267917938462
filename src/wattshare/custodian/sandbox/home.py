"""The folder of a sandbox: recognisable, held by one process, made whole or made anew."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wattshare.custodian.settings import BadSettings

# what makes a folder a sandbox's home; says whether it was finished
MARKER = "sandbox-home.json"
LOCK = "lock"
FACTS = "sandbox.json"
SECRETS = "secrets.json"
MAIL, NOTICES, CALLBACKS = "mail", "notices", "callbacks"


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a home was made with."""

    seed: int
    days: int
    usage_points: int
    # scheme, host and port that its own third parties are registered with
    base: str
    # the same of its receiver of notices
    receiver: str


@dataclass(frozen=True, kw_only=True)
class Home:
    """The folder, held."""

    path: Path

    def __truediv__(self, name: str) -> Path:
        """A file or folder in it."""
        return self.path / name

    @property
    def made(self) -> Made | None:
        """What it was made with; None for a home that is empty or half made."""
        marker = self.path / MARKER
        if not marker.exists():
            return None
        told = json.loads(marker.read_text())["made"]
        return None if told is None else Made(**told)

    def begin(self) -> None:
        """Empty it, and say that it is being made."""
        # first of all: a home that is emptied halfway is not taken for a whole one
        self.write(MARKER, json.dumps({"made": None}))
        for each in self.path.iterdir():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            elif each.name not in (LOCK, MARKER):
                each.unlink()
        for name in (MAIL, NOTICES, CALLBACKS):
            (self.path / name).mkdir(mode=0o700)

    def finish(self, made: Made) -> None:
        """Say that it is whole, and with what it was made."""
        self.write(MARKER, json.dumps({"made": asdict(made)}, indent=1))

    def write(self, name: str, text: str) -> None:
        """Put a file there at once, for its owner alone."""
        write_private(self.path / name, text.encode())

    def read_json(self, name: str) -> Any:
        """What a JSON file holds."""
        return json.loads((self.path / name).read_text())

    def forget(self, name: str) -> None:
        """Let a file go."""
        (self.path / name).unlink(missing_ok=True)


@contextmanager
def held(path: Path) -> Iterator[Home]:
    """The home at `path`, while no other process has it.

    Raises:
        BadSettings: it cannot be a sandbox's home, or one runs in it.
    """
    path = path.absolute()
    check(path)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as why:
        raise BadSettings(f"{path} cannot be made: {why.strerror}.") from why
    with locked(path):
        yield Home(path=path)


def check(path: Path) -> None:
    """Refuse what is somebody else's.

    Raises:
        BadSettings: there is something there that is no sandbox's home.
    """
    if not path.exists():
        return
    if not path.is_dir():
        raise BadSettings(f"{path} is a file; a sandbox's home is a folder.")
    # what is there for a moment before the marker is
    strange = {each.name for each in path.iterdir()} - {LOCK, aside_of(path / MARKER).name}
    if strange and MARKER not in strange:
        raise BadSettings(
            f"{path} holds other things and is no sandbox's home: nothing was touched. Name another folder by --home."
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep every other sandbox out; the system ends it with the process, however that ends.

    Raises:
        BadSettings: another sandbox is in it.
    """
    with os.fdopen(os.open(path / LOCK, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as why:
            raise BadSettings(f"A sandbox runs in {path} already.") from why
        yield


def write_private(path: Path, content: bytes) -> None:
    """Write a file aside and put it in its place, readable by its owner alone."""
    aside = aside_of(path)
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def aside_of(path: Path) -> Path:
    """Where a file is written before it is put in its place."""
    return path.with_name(f".{path.name}.part")
