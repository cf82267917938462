"""What happened, line by line: written by several processes that may be killed at any moment."""

import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Fact = dict[str, Any]


@dataclass
class Journal:
    """A file of facts. A line is with the system when `write` returns: it outlives the process."""

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _handle: int | None = None

    def write(self, what: str, **facts: Any) -> None:
        """One line: what happened, when, and to whom."""
        line = json.dumps({"what": what, "at": time.time(), **facts}).encode() + b"\n"
        with self._lock:
            if self._handle is None:
                self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.write(self._handle, line)

    def read(self) -> Iterator[Fact]:
        """Every line that is whole, in its order."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield json.loads(line)
