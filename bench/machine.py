"""The machine's own figures: CPU and memory of processes, how fast memory is copied, and medians."""

import os
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
COPIED = 64 * 1024 * 1024
REPEATS = 5


def cpu_seconds(pids: Iterable[int]) -> float:
    """What processes have used so far, of their own and in the kernel. Those that are gone used nothing."""
    return sum(_ticks(pid) for pid in pids) / TICKS


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(fields[11]) + int(fields[12])


def family(pid: int) -> tuple[int, ...]:
    """A process and its children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return ()
    return (pid, *map(int, children))


def resident(pid: int) -> int:
    """Bytes of memory that a process has to itself or shares, now."""
    return _status(pid, "VmRSS:")


def forget_most() -> None:
    """From now on, what was most is what this process has now."""
    Path("/proc/self/clear_refs").write_text("5")


def most_resident(pid: int) -> int:
    """The same at its highest."""
    return _status(pid, "VmHWM:")


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise LookupError(f"process {pid} has no {name}")


def memcpy() -> float:
    """Bytes a second that are copied from memory to memory; the median of several."""
    # written to, both: of memory that nobody has written to the kernel has one page of zeros, which is in the cache
    source, target = memoryview(b"\1" * COPIED), memoryview(bytearray(b"\2" * COPIED))

    def copy() -> None:
        target[:] = source

    return COPIED / median(seconds(copy))


def seconds(work: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """CPU seconds of this process for each time that something is done."""
    found = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return found


def median(figures: Iterable[float]) -> float:
    """The one in the middle."""
    return statistics.median(figures)


def kind_of_machine() -> str:
    """Its processors and memory, in words."""
    processors = os.cpu_count() or 1
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), "unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{processors} cores, {model}, {memory:.0f} GB"


def busy() -> float:
    """How many processes waited for a processor in the last minute, on average: figures of a busy machine differ."""
    return os.getloadavg()[0]
