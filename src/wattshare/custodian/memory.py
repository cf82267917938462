"""How often a process that stays looks for what nobody holds any more."""

import ctypes
import gc

# new things between two looks at the newest of them, and such looks between two at older ones
NEW, LOOKS = 50_000, 20


def settled() -> None:
    """What is loaded by now stays, and is not looked at again. A file of very many entries makes no rings."""
    gc.collect()
    loaded()
    # what loading needed and let go goes back to the system, where the library has a word for it
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


def loaded() -> None:
    """The same in less time, for a process that does one thing and goes."""
    gc.freeze()
    gc.set_threshold(NEW, LOOKS, LOOKS)
