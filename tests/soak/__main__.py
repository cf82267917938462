"""`python -m tests.soak SCENARIO --kills N`: exit status 0 where everything held."""

import argparse
import importlib
import sys

SCENARIOS = {"import": "tests.soak.imports"}


def main() -> int:
    """Run one scenario."""
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    run = importlib.import_module(SCENARIOS[chosen.scenario]).run
    return int(run(kills=chosen.kills, readings=chosen.readings, seed=chosen.seed))


if __name__ == "__main__":
    sys.exit(main())
