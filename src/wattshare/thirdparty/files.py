"""Files that are whole or not there: written aside, flushed to the disk, renamed."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def aside(path: Path, *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """A file to write in, which takes the place of `path` when all went well and vanishes when not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    settle(path.parent)


def write_aside(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """`content` at `path`, on disk when it returns."""
    with aside(path, mode=mode) as file:
        file.write(content)


def settle(folder: Path) -> None:
    """A rename outlives a power cut only when its folder is on disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
