"""An import by command that is asked to stop within a transaction: `python -m tests.custodian.stopped WORD…`."""

import os
import signal
import sys
from typing import Any

from wattshare.command import main
from wattshare.custodian.store.imports import Imports

if __name__ == "__main__":
    report = Imports.report

    def asked(self: Imports, *told: Any) -> Any:
        """What it would tell anyway, with a signal in the middle of it."""
        os.kill(os.getpid(), signal.SIGTERM)
        return report(self, *told)

    Imports.report = asked  # type: ignore[assignment, method-assign]  # in a process of its own
    sys.argv = ["wattshare", *sys.argv[1:]]
    main()
