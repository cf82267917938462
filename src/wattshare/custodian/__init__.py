"""The party that holds meter and billing data, and hands it to those whom customers let have it."""

import importlib
import sys

# structlog loads rich where that is installed, for tracebacks in colour, which our log does not have: six megabytes of
# every process. Commands that print tables load it for themselves.
if "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("structlog")
    finally:
        del sys.modules["rich"]
