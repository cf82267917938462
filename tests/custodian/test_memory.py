"""What a process that stays does with memory."""

import os
import subprocess
import sys

import pytest

# many threads take memory at the same time; then the library is asked in how many places it keeps what it has. It has
# more than one for each thread only where it was not told otherwise, and not every library can say it
PROGRAM = """
import ctypes, sys, tempfile, threading
from wattshare.custodian.memory import together

library = ctypes.CDLL(None)
if not hasattr(library, "malloc_info"):
    sys.exit("no such library")
together()
there = threading.Barrier(9)

def take() -> None:
    taken = [bytes(10_000) for _ in range(10)]
    there.wait()
    there.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads:
    thread.start()
there.wait()
library.fdopen.restype = ctypes.c_void_p
with tempfile.TemporaryFile() as file:
    stream = ctypes.c_void_p(library.fdopen(file.fileno(), b"w"))
    library.malloc_info(0, stream)
    library.fflush(stream)
    file.seek(0)
    print(file.read().count(b"<heap nr"))
there.wait()
"""


def places(**said: str) -> int:
    """In how many places a process keeps memory, with these variables set."""
    free = {name: value for name, value in os.environ.items() if name not in ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=free | said, capture_output=True, text=True, check=False)
    if "no such library" in done.stderr:
        pytest.skip("the library does not say it")
    return int(done.stdout)


def test_threads_share_what_memory_is_there() -> None:
    assert places() <= 2


def test_an_operator_may_have_it_otherwise() -> None:
    assert 2 < places(MALLOC_ARENA_MAX="5") <= 5
