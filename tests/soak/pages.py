"""The customer's pages in the full cross of screens, colours, languages and scripts, by keyboard and under axe."""

import os
import subprocess
import sys
from pathlib import Path

CROSS = Path(__file__).parents[1] / "pages" / "cross.py"


def run(only: str | None = None) -> int:
    """The exit status of the tests that are too long for each run; `only` as pytest's -k takes it."""
    chosen = () if only is None else ("-k", only)
    environment = os.environ | {"WATTSHARE_REQUIRE": "browser", "WATTSHARE_PICTURES": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "--numprocesses", "0", *chosen, str(CROSS)]
    return subprocess.run(command, env=environment, check=False).returncode
