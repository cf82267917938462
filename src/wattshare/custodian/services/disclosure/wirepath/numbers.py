"""Values as blocks keep them."""

from collections.abc import Callable
from functools import lru_cache
from struct import Struct

# signed, little end first
WIDTHS = {1: "b", 2: "h", 4: "i", 8: "q"}


@lru_cache(maxsize=1024)
def unpacking(count: int, width: int) -> Callable[[bytes], tuple[int, ...]]:
    """What reads all values of a block at once."""
    return Struct(f"<{count}{WIDTHS[width]}").unpack
