"""How far an import has come, for who is looking."""

from typing import BinaryIO, Protocol


class Tell(Protocol):
    """Is told what is being done, how much of it is done, and how much there is."""

    def __call__(self, what: str, done: int, total: int, /) -> None:
        """Take bytes, or days."""


def untold(_what: str, _done: int, _total: int, /) -> None:
    """Nobody is looking."""


class Watched:
    """A file that tells how far it has been read."""

    def __init__(self, file: BinaryIO, size: int, what: str, tell: Tell) -> None:
        """Take a file of so many bytes."""
        self._file, self._size, self._what, self._tell = file, size, what, tell

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        chunk = self._file.read(size)
        self._tell(self._what, self._file.tell(), self._size)
        return chunk

    def seek(self, at: int, whence: int = 0) -> int:
        """Go elsewhere."""
        return self._file.seek(at, whence)

    closed = False

    def close(self) -> None:
        """Stay open: who gave the file closes it."""

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where it is."""
        return self._file.tell()
