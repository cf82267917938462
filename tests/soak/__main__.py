"""`python -m tests.soak SCENARIO --kills N`: exit status 0 where everything held."""

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Any

from tests.custodian.servers import ENGINES

# kills where nothing is said: of deliveries about five minutes, of imports some on each engine
KILLS = {"delivery": 100, "import": 20, "delta": 0, "pages": 0}
SQLITE = ENGINES[:1]


def main() -> int:
    """Run one scenario."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("scenario", choices=KILLS)
    parser.add_argument("--kills", type=int, help="the more the longer")
    parser.add_argument("--seconds", type=float, help="for how long it is killed; a kill every three seconds otherwise")
    parser.add_argument("--seed", type=int, help="the same seed chooses the same; by chance where it is not said")
    parser.add_argument("--engine", choices=(*ENGINES, "both"), help="SQLite for deliveries and deltas, else both")
    parser.add_argument("--authorizations", type=int, default=10_000, help="of the deltas")
    parser.add_argument("--readings", type=int, default=1_000_000, help="of each import")
    parser.add_argument("--only", help="of the pages: as pytest's -k has it, such as 'phone and dark'")
    parser.add_argument("--keep", type=Path, help="a new folder that keeps logs and journals")
    parser.add_argument("--json", action="store_true", help="the report on standard output")
    chosen = parser.parse_args()
    if chosen.scenario == "pages":
        from tests.soak import pages

        return pages.run(chosen.only)
    seed = random.SystemRandom().randrange(1_000_000) if chosen.seed is None else chosen.seed
    kills = KILLS[chosen.scenario] if chosen.kills is None else chosen.kills
    usual = ENGINES if chosen.scenario == "import" else SQLITE
    engines = ENGINES if chosen.engine == "both" else usual if chosen.engine is None else (chosen.engine,)
    if chosen.scenario == "import":
        from tests.soak import imports

        return imports.run(kills=kills, readings=chosen.readings, seed=seed, engines=engines)
    reports = [one_run(chosen, engine, kills, seed) for engine in engines]
    if chosen.json:
        print(json.dumps(reports, indent=1))
    return 0 if all(report["held"] for report in reports) else 1


def one_run(chosen: argparse.Namespace, engine: str, kills: int, seed: int) -> dict[str, Any]:
    """One scenario on one engine; what it found."""
    from tests.soak import deliveries, deltas

    keep = None if chosen.keep is None else chosen.keep / engine
    if chosen.scenario == "delta":
        return deltas.run(engine=engine, authorizations=chosen.authorizations, seed=seed, keep=keep)
    return deliveries.run(engine=engine, kills=kills, seconds=chosen.seconds, seed=seed, keep=keep)


if __name__ == "__main__":
    sys.exit(main())
