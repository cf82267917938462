"""What a process that stays does with memory: where it keeps things, and how often it looks for what nobody holds.

The allocator of glibc gives threads memory of their own, in up to eight places for each processor, and what one thread
has let go of is not there for the next. Python runs one thread at a time: few places do for all.
"""

import ctypes
import gc
import os

# new things between two looks at the newest of them, and such looks between two at older ones
NEW, LOOKS = 50_000, 20
# of glibc's mallopt: the number of those places, and how many there are to be
PLACES, FEW = -8, 2
# by these an operator says it
SAID = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")


def together() -> None:
    """Let threads share what memory is there, where the library has a word for it; before there are any."""
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell is not None and not any(name in os.environ for name in SAID):
        tell(PLACES, FEW)


def given_back() -> None:
    """What was needed for a while and let go goes back to the system, where the library has a word for it."""
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


def kept() -> None:
    """What is loaded by now stays, and is not looked at again, nor counted when it is weighed whether to look."""
    gc.collect()
    gc.freeze()
    # old things are looked at when a quarter as many have come: of those that were there at the last such look
    gc.collect()
    given_back()


def settled() -> None:
    """The same for a process that works. A file of very many entries makes no rings."""
    kept()
    gc.set_threshold(NEW, LOOKS, LOOKS)


def loaded() -> None:
    """The same in less time, for a process that does one thing and goes."""
    gc.freeze()
    gc.set_threshold(NEW, LOOKS, LOOKS)
