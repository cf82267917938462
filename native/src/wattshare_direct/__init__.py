"""The direct deflate encoder of Wattshare: a library of C without dependencies, and where it is."""

from pathlib import Path

__all__ = ["ABI", "LIBRARY", "__version__"]

__version__ = "0.1.0"
# what its functions take; as direct.c says it
ABI = 3
LIBRARY = Path(__file__).with_name("direct.so")
